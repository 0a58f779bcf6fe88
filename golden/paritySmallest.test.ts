import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { PACKED } from "../backends/wasm/smallest.fixture.ts";
import { registerBackend } from "../tensor/index.ts";
import { parity } from "./paritySuite.ts";

// Every size at which wasm takes another way, at its least: what is shared among threads is shared in the smallest pieces.
registerBackend(createWasmBackend({ threads: 3 }, PACKED));

// Without gradients: single ones, whose terms cancel, are as far from PyTorch's as any other order of sums makes them.
await parity("wasm", () => false);
