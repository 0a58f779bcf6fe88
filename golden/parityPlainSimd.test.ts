import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { registerBackend } from "../tensor/index.ts";
import { CANCELS } from "./cancels.fixture.ts";
import { parity } from "./paritySuite.ts";

// What browsers without relaxed SIMD compute, and `relaxed: false`: the same bits on every machine.
// This set has a resampler and rotary positions; parityPlainSimd.long.test.ts checks the others.
registerBackend(createWasmBackend({ relaxed: false }));

await parity("wasm", { allowances: CANCELS, sets: (folder) => folder.endsWith("/tiny-zephyr") });
