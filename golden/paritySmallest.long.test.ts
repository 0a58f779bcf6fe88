import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { PACKED } from "../backends/wasm/smallest.fixture.ts";
import { registerBackend } from "../tensor/index.ts";
import { CANCELS } from "./cancels.fixture.ts";
import { parity } from "./paritySuite.ts";

// Every size at which wasm takes another way, at its least: what is shared among threads is shared in the smallest pieces.
registerBackend(createWasmBackend({ threads: 3 }, PACKED));

// Gradients where sets hold them: parityWasm and parityPlainSimd have those of every case.
await parity("wasm", { gradientsIn: (golden) => golden.paths("grads").length > 0, allowances: CANCELS });
