import { conformance } from "../conformance.ts";
import { roundingWith } from "./rounding.fixture.ts";
import { createWasmBackend, type WasmOptions } from "./wasm.ts";

const PLAIN: WasmOptions = { threads: 1, relaxed: false };

conformance("wasm", () => createWasmBackend(), { rounding: roundingWith({}) });
conformance("wasm on plain SIMD", () => createWasmBackend(PLAIN), { rounding: roundingWith(PLAIN) });
