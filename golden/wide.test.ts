import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { registerBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

// three threads, however many cores there are: its products are large enough to be shared
registerBackend(createWasmBackend({ threads: 3 }));

const all = ["eight_rows", "left_padded", "long"];
await wide("wasm", { forward: all, gradients: ["eight_rows"], generated: all });

// sums in doubles, and slowly
await wide("cpu", { forward: ["long"] });
