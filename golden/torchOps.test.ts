import { torchOps } from "./torchOpsSuite.ts";

torchOps("cpu", { grads: true });
torchOps("wasm", { grads: true });
