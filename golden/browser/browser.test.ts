import { inBrowser } from "./browserSuite.ts";

inBrowser([
  {
    isolated: true,
    conforming: ["cpu", "wasm", "webgpu", "gpujs webgl2", "gpujs webgpu"],
    goldens: [
      ["webgpu", "tiny"],
      ["wasm", "tiny"],
    ],
  },
]);
