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
export { learningOf, trainedParameters } from "./model/train/freeze.ts";
export { nextTokenTask } from "./model/train/objective.ts";
export {
  fineTune,
  folderRecords,
  loadForTraining,
  openData,
  saveModel,
  trainingOf,
  writeDocuments,
} from "./model/train/onDisk.ts";
export { PRESETS, presetOf, withChanges } from "./model/train/presets/presets.ts";
export { Trainer } from "./model/train/trainer.ts";
// what the signatures above name
export type { GpuJsMode } from "./backends/gpujs/loadGpuJs.ts";
export type { WriteOptions } from "./model/checkpoint/safetensors/writeSafetensors.ts";
export type { TensorToWrite } from "./model/checkpoint/tensorToWrite.ts";
export type { Batch, MicroStep, TrainerBatch } from "./model/train/batch.ts";
export type { Identity, Retention } from "./model/train/checkpoint.ts";
export type { DecayRule } from "./model/train/decay.ts";
export type { Learning, Stage } from "./model/train/freeze.ts";
export type { NextTokenOptions, ObjectiveOptions, Task } from "./model/train/objective.ts";
export type { Preset, Provenance, Recipe } from "./model/train/presets/presets.ts";
export type { RunOptions } from "./model/train/run.ts";
export type { BatchSource } from "./model/train/source.ts";
export type { TrainerOptions } from "./model/train/trainer.ts";
export type { LoraChoice, SampleBatch, Training, TrainingOptions } from "./model/train/training.ts";
export type { TrainerState, Update } from "./model/train/update.ts";
export type { LogLine } from "./model/train/updateLog.ts";
export type { FolderLayout } from "./model/train/readers/folder.ts";
export type { OpenedData } from "./model/train/readers/openData.ts";
export type { PairOptions } from "./model/train/readers/pairs.ts";
export type { WriteDocumentsOptions } from "./model/train/readers/writeDocuments.ts";
export type { WriteTorchOptions } from "./model/checkpoint/torch/writeTorch.ts";
