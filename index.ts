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
// what the signatures above name
export type { GpuJsMode } from "./backends/gpujs/loadGpuJs.ts";
export type { WriteOptions } from "./model/checkpoint/safetensors/writeSafetensors.ts";
export type { TensorToWrite } from "./model/checkpoint/tensorToWrite.ts";
export type { OpenedData } from "./model/train/readers/openData.ts";
export type { WriteDocumentsOptions } from "./model/train/readers/writeDocuments.ts";
export type { WriteTorchOptions } from "./model/checkpoint/torch/writeTorch.ts";
