import { join } from "node:path";
import { parseConfig } from "./config.ts";
import { InfiMM } from "./infimm.ts";
import { readJson } from "./processor/readFile.ts";
import { type LoadOptions, loadWeights } from "./weights/loadWeights.ts";
import { openWeights } from "./weights/openWeights.ts";

/**
 * A model from a folder as the Hugging Face hub has them: config.json, and model.safetensors or its shards.
 * @throws naming the file and what is wrong with it
 */
export async function loadPretrained(folder: string, options: LoadOptions = {}): Promise<InfiMM> {
  const path = join(folder, "config.json");
  const model = new InfiMM(parseConfig(await readJson(path, "model config"), path));
  const weights = await openWeights(folder);
  try {
    await loadWeights(model, weights, options);
  } finally {
    await weights.close();
  }
  return model;
}
