import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { PACKED } from "../backends/wasm/smallest.fixture.ts";
import { registerBackend } from "../tensor/index.ts";
import { parity } from "./paritySuite.ts";

registerBackend(createWasmBackend({ threads: 3 }, PACKED));

await parity("wasm");
