import { openBackend } from "../tensor/index.ts";
import { parity, soon } from "./paritySuite.ts";

// by its name, Node gets gpu.js's WebAssembly, which computes in f32 as a GPU does
await openBackend("gpujs");
await parity("gpujs", { sets: soon });
