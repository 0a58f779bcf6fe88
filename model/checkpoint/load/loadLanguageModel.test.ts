import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compare } from "../../../golden/compare.ts";
import { tinyWeights } from "../../../golden/recipe.ts";
import { Generator } from "../../../core/random.ts";
import { scope, type Tensor, zeros } from "../../../tensor/index.ts";
import { parseConfig } from "../../config/config.ts";
import { readJson } from "../../files/readFile.ts";
import { InfiMM } from "../../infimm.ts";
import { idTensor } from "../../inputs.ts";
import { FlamingoLayer } from "../../language/flamingoLayer.ts";
import { select } from "../../../nn/surgery.ts";
import { CausalLanguageModel } from "../../language/languageModel.ts";
import { initializeInfiMM } from "../../train/initialize.ts";
import { openSafetensors } from "../safetensors/safetensors.ts";
import { writeSafetensors } from "../safetensors/writeSafetensors.ts";
import { loadLanguageModel } from "./loadLanguageModel.ts";
import { loadWeights } from "./loadWeights.ts";
import { saveWeights } from "./saveWeights.ts";

const { models } = (await readJson("golden/fixtures/language/language.json")) as { models: Record<string, { config: { vocab_size: number } }> }; // biome-ignore format: one line
const golden = await openSafetensors("golden/fixtures/language/language.safetensors");
const zephyr = (await readJson("golden/fixtures/tiny-zephyr/config.json")) as object;

/** InfiMM with a language model of transformers, and a row more for each of its two own tokens. */
const infimm = (language: object, vocab_size: number) =>
  new InfiMM(parseConfig({ ...zephyr, language: { ...language, vocab_size }, image_token_id: vocab_size - 1, eoc_token_id: vocab_size - 2 }, "f")); // biome-ignore format: one line

const [HEAD, TABLE] = ["model.lang_encoder.lm_head.weight", "model.lang_encoder.model.embed_tokens.weight"];

let folder: string;
/** A folder as transformers saves `name`: config.json, and weights under its names, tied ones once. */
const saved = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-"));
  for (const name of ["qwen2", "qwen3", "llama-biases"]) {
    const { config } = models[name];
    const bare = new CausalLanguageModel(infimm(config, config.vocab_size).config);
    for (const layer of select(bare).instances(FlamingoLayer).modules()) layer.gated_cross_attn_layer = null;
    const theirs = (path: string) => path.replace(".decoder_layer", "");
    tinyWeights(bare, theirs);
    const tensors = [...bare.parameters()].map(([path, tensor]) => {
      return { name: theirs(path), dtype: "f32" as const, shape: [...tensor.shape], data: () => tensor.data() };
    });
    await mkdir(saved(name));
    await writeFile(join(saved(name), "config.json"), JSON.stringify(config));
    await writeSafetensors(join(saved(name), "model.safetensors"), tensors, { metadata: { format: "pt" } });
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Logits of the golden prompts, with a black picture that no token looks at. */
async function logitsOf(model: InfiMM, name: string): Promise<Tensor> {
  const rows = async (path: string) => {
    const { shape, data } = await golden.read(`${name}/${path}`);
    return idTensor(Array.from({ length: shape[0] }, (_, i) => data.subarray(i * shape[1], (i + 1) * shape[1])));
  };
  const [inputIds, attentionMask] = [await rows("input_ids"), await rows("attention_mask")];
  const { image_size } = model.config.visual;
  return scope(() => model.call({ inputIds, attentionMask, pixelValues: zeros([2, 1, 1, 3, image_size, image_size]) }));
}

test.each(["qwen2", "qwen3", "llama-biases"])(
  "%s in an InfiMM whose gates are closed is what it is alone",
  async (name) => {
    const { config } = models[name];
    const vocab = config.vocab_size;
    const model = infimm(config, vocab + 2);
    initializeInfiMM(model, new Generator(1));
    await loadLanguageModel(model, saved(name));
    const expected = await golden.read(`${name}/logits`);
    const mask = (await golden.read(`${name}/attention_mask`)).data;
    using logits = await logitsOf(model, name);
    const known = await scope(() => logits.slice(2, 0, vocab)).data();
    expect(compare(known, expected.data, expected.shape, (i) => mask[Math.floor(i / vocab)] !== 0).error).toBeLessThan(
      2e-6,
    );

    const table = await model.stateDict().get(TABLE)!.data();
    const width = table.length / (vocab + 2);
    const column = Array.from({ length: vocab }, (_, row) => table[row * width]);
    const mean = column.reduce((sum, x) => sum + x) / vocab;
    for (const row of [vocab, vocab + 1]) expect(table[row * width]).toBeCloseTo(mean, 6);
    model.dispose();
  },
);

test("tied weights stay one tensor: loaded, saved once, and loaded again", async () => {
  const model = infimm(models.qwen2.config, 42);
  initializeInfiMM(model, new Generator(1));
  await loadLanguageModel(model, saved("qwen2"));
  const state = model.stateDict();
  expect(state.get(HEAD)).toBe(state.get(TABLE));
  expect(model.parameters().has(HEAD)).toBe(false);
  const path = join(folder, "tied.safetensors");
  await saveWeights(model, path);
  const file = await openSafetensors(path);
  expect(file.tensors.has(HEAD)).toBe(false);
  expect(file.metadata).toEqual({ format: "pt", [HEAD]: TABLE });
  const again = new InfiMM(model.config);
  await loadWeights(again, file);
  const loaded = again.stateDict();
  expect(loaded.get(HEAD)).toBe(loaded.get(TABLE));
  expect(await loaded.get(HEAD)!.data()).toEqual(await state.get(HEAD)!.data());
  await expect(loadWeights(infimm({ ...models.qwen2.config, tie_word_embeddings: false }, 42), file)).rejects.toThrow(
    "hint: the file has no output layer, so its language model uses the embeddings: set language.tie_word_embeddings to true",
  );
  await file.close();
});

test("weights of another config are refused, though their shapes fit", async () => {
  const model = infimm({ ...models.qwen3.config, rope_theta: 5 }, 42);
  await expect(loadLanguageModel(model, saved("qwen3"))).rejects.toThrow(
    "is not the config that this InfiMM's language model was made with: rope_theta is 10000, and the model has 5",
  );
  await expect(loadLanguageModel(infimm(models.qwen2.config, 42), saved("qwen3"))).rejects.toThrow("qk_norm is true");
});

test("a file alone is held to names and shapes", async () => {
  const file = await openSafetensors(join(saved("qwen3"), "model.safetensors"));
  await expect(loadLanguageModel(infimm({ ...models.qwen3.config, vocab_size: 30 }, 30), file)).rejects.toThrow(
    "set language.vocab_size to 40",
  );
  await expect(loadLanguageModel(infimm(models["llama-biases"].config, 42), file)).rejects.toThrow(
    "model.lang_encoder.model.layers.0.decoder_layer.mlp.gate_proj.bias",
  );
  await file.close();
});
