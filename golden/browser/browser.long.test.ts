import { inBrowser } from "./browserSuite.ts";

const SETS = ["fixtures/tiny-zephyr", "fixtures/tiny-llama", "fixtures/tiny-vicuna", "fixtures/tiny-hd"];

inBrowser([
  {
    isolated: true,
    // what browser.test.ts leaves
    conforming: [
      ["cpu", "large"],
      ["wasm", "large"],
      ["webgpu", "rest"],
      ["gpujs webgl2", "large"],
      ["gpujs webgpu", "rest"],
    ],
    goldens: [
      ...SETS.map((set) => ["webgpu", set] as const),
      // all sets on gpu.js run in Node
      ["gpujs webgl2", "fixtures/tiny-hd"],
      ["gpujs webgpu", "fixtures/tiny-hd"],
    ],
  },
  // as Firefox and Safari may have it: WebGPU's default limits, no threads. What else there is was checked above;
  // infimm-tiny under these limits is what docs/page/page.test.ts asks
  {
    isolated: false,
    conforming: [
      ["wasm", "all"],
      ["webgpu with default limits", "all"],
    ],
    goldens: [
      ["webgpu with default limits", "fixtures/tiny-hd"],
      ["wasm", "fixtures/tiny-hd"],
    ],
  },
]);
