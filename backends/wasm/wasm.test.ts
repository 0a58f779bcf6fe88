import { conformance } from "../conformance.ts";
import { createWasmBackend } from "./wasm.ts";

conformance("wasm", () => createWasmBackend());
