import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseConfig } from "../config/config.ts";
import { InfiMM } from "../infimm.ts";
import { readJson } from "../files/readFile.ts";
import { stretchTokenizer } from "../processor/text/stretchTokenizer.ts";
import { synthesize } from "./convert/synthesize.ts";
import { refuseExisting, refuseFullDisk, writeFolder } from "./convert/writeFolder.ts";
import { bytesOf, writeShards } from "./convert/writeShards.ts";

/** The parsed contents of a config.json. */
type Json = Record<string, unknown>;

export interface SyntheticOptions {
  readonly shardBytes?: number;
  /** Called after each tensor. */
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
  readonly seed?: number;
  /** Layers of the language model; default: as the config says. */
  readonly layers?: number;
  /** Layers of the image tower; default: as the config says. */
  readonly visionLayers?: number;
}

/**
 * Write a whole checkpoint of a model's exact names and shapes with seeded weights (Node): config.json, bf16
 * safetensors in shards, and a tokenizer with as many pieces as the vocabulary, so that it can be asked.
 *
 * @param folder is made; it appears when it is complete
 * @param json the model's config.json
 * @param tokenizerFolder a checkpoint whose tokenizer is taken, and stretched
 */
export async function writeSyntheticCheckpoint(
  folder: string,
  json: Json,
  tokenizerFolder: string,
  { seed, layers, visionLayers, onProgress, ...options }: SyntheticOptions = {},
): Promise<InfiMM> {
  const config = structuredClone(json) as Json & { visual: Json; language: Json };
  const model = new InfiMM(parseConfig(withLayers(config, layers, visionLayers), "synth"));
  await refuseExisting(folder);
  const files = {
    "tokenizer.json": stretchTokenizer(await readJson(join(tokenizerFolder, "tokenizer.json")), model.config),
    "tokenizer_config.json": { ...(await readJson(join(tokenizerFolder, "tokenizer_config.json"))), added_tokens_decoder: undefined },
    "config.json": config,
  }; // biome-ignore format: a table
  const made = synthesize(model, seed);
  let done = 0;
  const tensors = made.map((tensor) => ({
    ...tensor,
    async data() {
      const data = await tensor.data();
      onProgress?.((done += data.byteLength), bytesOf(made));
      return data;
    },
  }));
  await refuseFullDisk(folder, bytesOf(made));
  await writeFolder(folder, async (temporary) => {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(temporary, name), `${JSON.stringify(content, null, 2)}\n`);
    }
    await writeShards(temporary, { tensors, aliases: new Map() }, options);
  });
  return model;
}

function withLayers(config: Json & { visual: Json; language: Json }, layers?: number, visionLayers?: number): Json {
  if (layers !== undefined) config.language.num_hidden_layers = layers;
  if (visionLayers !== undefined) config.visual.layers = visionLayers;
  return config;
}
