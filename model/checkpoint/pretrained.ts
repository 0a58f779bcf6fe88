import { parseConfig } from "../config/config.ts";
import type { Checkpoint, PretrainedOptions } from "./checkpoint.ts";
import { openFor, PRETRAINED_NAMES } from "./openCheckpoint.ts";
import { InfiMM } from "../infimm.ts";
import { precompile } from "../generate/precompile.ts";
import { Processor } from "../processor/processor.ts";
import { readProcessorFiles } from "./processorFiles.ts";
import { type LoadOptions, loadWeights } from "./load/loadWeights.ts";

/**
 * A model by its folder or weight file (Node), the address of its folder (browsers), or its name on the Hugging Face
 * hub. A folder holds config.json, and weights as transformers saves them.
 * @throws naming the file and what is wrong with it
 */
export async function loadPretrained(source: string, options: PretrainedOptions = {}): Promise<InfiMM> {
  return loadModel(await openFor(source, options, PRETRAINED_NAMES), options);
}

/** The model of a checkpoint, with its weights. */
export async function loadModel(checkpoint: Checkpoint, options: PretrainedOptions = {}): Promise<InfiMM> {
  const { value, path } = await checkpoint.json("config.json", "model config");
  const model = new InfiMM(parseConfig(value, path));
  const weights = await checkpoint.openWeights();
  let compiled: Promise<void> | undefined;
  const onMatch: LoadOptions["onMatch"] = (dtypes, backend) => {
    if (options.precompile) compiled = precompile(model, backend, dtypes);
    options.onMatch?.(dtypes, backend);
  };
  try {
    const { backend, onProgress, dtype, signal, allowNonFinite } = options;
    await loadWeights(model, weights, { backend, onProgress, dtype, signal, allowNonFinite, onMatch });
    await compiled;
  } finally {
    await weights.close();
  }
  return model.eval();
}

/** The processor of a checkpoint: its tokenizer, and its configuration. */
export async function loadProcessor(checkpoint: Checkpoint): Promise<Processor> {
  const config = await checkpoint.json("config.json", "model config"); // first: without it, it is no checkpoint at all
  const files = await readProcessorFiles(checkpoint);
  parseConfig(config.value, config.path); // says more of what is wrong than the processor, which needs little of it
  return Processor.from(files);
}
