import { inBrowser } from "./browserSuite.ts";

inBrowser([
  {
    isolated: true,
    // those of which a few cases run here run all of them in Node; here, too, in browser.long.test.ts
    conforming: [
      ["cpu", "usual"],
      ["wasm", "usual"],
      ["webgpu", "few"],
      ["gpujs webgl2", "usual"],
      ["gpujs webgpu", "few"],
    ],
    goldens: [
      ["webgpu", "tiny"],
      ["wasm", "tiny"],
    ],
  },
]);
