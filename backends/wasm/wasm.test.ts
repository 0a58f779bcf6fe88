import { conformance } from "../conformance.ts";
import { createWasmBackend } from "./wasm.ts";

conformance("wasm", () => createWasmBackend());
conformance("wasm on plain SIMD", () => createWasmBackend({ threads: 1, relaxed: false }));
