import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../core/errors.ts";
import { parseConfig } from "./config.ts";
import { InfiMM } from "./infimm.ts";
import { type LoadOptions, loadWeights } from "./weights/loadWeights.ts";
import { openWeights } from "./weights/openWeights.ts";

/**
 * A model from a folder as the Hugging Face hub has them: config.json, and model.safetensors or its shards.
 * @throws naming the file and what is wrong with it
 */
export async function loadPretrained(folder: string, options: LoadOptions = {}): Promise<InfiMM> {
  const path = join(folder, "config.json");
  const model = new InfiMM(parseConfig(await readJson(path), path));
  const weights = await openWeights(folder);
  try {
    await loadWeights(model, weights, options);
  } finally {
    await weights.close();
  }
  return model;
}

/** A JSON file, with errors that name it. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new FileFormatError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FileFormatError(`${path}: is not JSON: ${(cause as Error).message}`, { cause });
  }
}
