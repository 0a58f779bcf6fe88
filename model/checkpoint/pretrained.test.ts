import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InfimmError } from "../../core/errors.ts";
import { getBackend } from "../../tensor/index.ts";
import { Assistant } from "../generate/assistant.ts";
import { InfiMM } from "../infimm.ts";
import { openWeights } from "./openWeights.ts";
import type { TensorData } from "./weightFile.ts";
import { writeSafetensors } from "./safetensors/writeSafetensors.ts";
import type { TensorToWrite } from "./tensorToWrite.ts";

const TINY = "model/infimm-tiny";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-pretrained-"));
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"])
    await cp(`${TINY}/${name}`, join(folder, name));
});
afterEach(() => rm(folder, { recursive: true }));

/** The weights of infimm-tiny, changed. */
async function saveWeights(change: (name: string, tensor: TensorData) => [string, TensorData][]): Promise<void> {
  const file = await openWeights(TINY);
  const tensors: TensorToWrite[] = [];
  for (const stored of file.tensors.keys())
    for (const [name, { dtype, shape, data }] of change(stored, await file.read(stored)))
      tensors.push({ name, dtype, shape, data: () => data });
  await file.close();
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
}

async function saveConfig(change: (config: Record<string, Record<string, unknown>>) => void): Promise<void> {
  const config = JSON.parse(await readFile(`${TINY}/config.json`, "utf8"));
  change(config);
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
}

const EMBEDDING = "model.lang_encoder.model.embed_tokens.weight";
const GATE = "model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn_gate";

describe("fromPretrained", () => {
  it("takes a weight file in place of its folder", async () => {
    await saveWeights((name, tensor) => [[name, tensor]]);
    const model = await InfiMM.fromPretrained(join(folder, "model.safetensors"));
    expect(model.backend).toBe(getBackend());
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      "the config of another model",
      () => writeFile(join(folder, "config.json"), JSON.stringify({ model_type: "llama", hidden_size: 4096 })),
      /config\.json: model_type is "llama"; this is the config of another model/,
    ],
    ["a config that is no JSON", () => writeFile(join(folder, "config.json"), "{"), /config\.json is not JSON/],
    [
      "a vocabulary of another size",
      () => saveConfig((config) => void (config.language.vocab_size = 5000)),
      /the vocabulary is \d+ in the file, and the config says 5000: set language\.vocab_size/,
    ],
    [
      "a shape that does not fit",
      () => saveConfig((config) => void (config.language.intermediate_size = 64)),
      /mlp\.down_proj\.weight: the model has \[\d+, 64\], the file \[\d+, \d+\]/,
    ],
  ])("refuses %s", async (_, spoil, message) => {
    await saveWeights((name, tensor) => [[name, tensor]]);
    await spoil();
    await expect(Assistant.fromPretrained(folder)).rejects.toThrow(message);
    await expect(Assistant.fromPretrained(folder)).rejects.toThrow(InfimmError);
  });

  it.each<[string, Parameters<typeof saveWeights>[0], RegExp]>([
    [
      "missing tensors",
      (name, tensor) => (name === EMBEDDING ? [] : [[name, tensor]]),
      /1 in the model, not in the file:\n {4}model\.lang_encoder\.model\.embed_tokens\.weight/,
    ],
    [
      "tensors that it does not know",
      (name, tensor) => [[name === EMBEDDING ? "model.lang_encoder.embedding" : name, tensor]],
      /1 in the file, not in the model/,
    ],
    [
      "two names of one tensor that differ",
      (name, tensor) => {
        const other = { ...tensor, data: tensor.data.map((x) => x + 1) };
        const alias = name.replace("model.layers.1.gated_cross_attn_layer", "gated_cross_attn_layers.1");
        return name === GATE
          ? [
              [name, tensor],
              [alias, other],
            ]
          : [[name, tensor]];
      },
      /are two names of one tensor.*but they differ/,
    ],
    [
      "NaN",
      (name, tensor) => {
        if (name === GATE) tensor.data.fill(0x7fc0); // bf16
        return [[name, tensor]];
      },
      /attn_gate": element 0 is NaN; the file is damaged, or its training diverged/,
    ],
  ])("refuses %s", async (_, change, message) => {
    await saveWeights(change);
    await expect(Assistant.fromPretrained(folder)).rejects.toThrow(message);
    await expect(Assistant.fromPretrained(folder)).rejects.toThrow(InfimmError);
  });

  it("loads NaN when it is told to", async () => {
    await saveWeights((name, tensor) => {
      if (name === GATE) tensor.data.fill(0x7fc0);
      return [[name, tensor]];
    });
    const model = await InfiMM.fromPretrained(folder, { allowNonFinite: true });
    expect(await model.stateDict().get(GATE)!.data()).toEqual(Float32Array.of(Number.NaN));
  });
});
