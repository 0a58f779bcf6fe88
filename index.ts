/**
 * infimm: the InfiMM vision-language model family in TypeScript.
 *
 *     const assistant = await Assistant.fromPretrained("model/infimm-tiny");
 *     for await (const piece of assistant.ask("What is this?", ["cat.png"])) process.stdout.write(piece);
 *
 * Importing this registers the backends; `wasm` is the default, `cpu` where there is no WebAssembly.
 */
import "./backends/register.ts";

export type { GpuJsOptions } from "./backends/gpujs/gpujs.ts";
export { createGpuJsBackend } from "./backends/onDemand.ts";
export * from "./browser.ts";
export type { ConvertOptions } from "./model/checkpoint/convert/convert.ts";
export {
  convertCheckpoint,
  openWeights,
  saveWeights,
  writeSafetensors,
  writeTorch,
} from "./model/checkpoint/onDisk.ts";
export { openData, writeDocuments } from "./model/train/onDisk.ts";
