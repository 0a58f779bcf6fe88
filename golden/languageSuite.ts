import { describe, expect, test } from "vitest";
import { parseConfig } from "../model/config/config.ts";
import type { Media } from "../model/crossAttention/media.ts";
import { readJson } from "../model/files/readFile.ts";
import { languageModelLoss } from "../model/infimm.ts";
import { idTensor } from "../model/inputs.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";
import { CausalLanguageModel } from "../model/language/languageModel.ts";
import type { Text } from "../model/language/sequence.ts";
import { labelsOf } from "../model/train/labels.ts";
import { KVCache } from "../nn/kvCache.ts";
import { trace } from "../nn/trace.ts";
import { type Backend, compute, openBackend, scope, valueAndGrad, withBackend } from "../tensor/index.ts";
import { BARS, compare, ERROR_FLOOR } from "./compare.ts";
import { tinyWeights } from "./recipe.ts";

interface Golden {
  readonly config: object;
  readonly float32_error: Record<string, number>;
  readonly grad_norms: Record<string, number>;
}

const FOLDER = "golden/fixtures/language";
const { models } = (await readJson(`${FOLDER}/language.json`)) as { models: Record<string, Golden> };
const file = await openSafetensors(`${FOLDER}/language.safetensors`);

/** No picture: the models have no cross-attention. */
const NO_MEDIA = {} as Media;

/** transformers' name of what our model has at `path`. */
const theirs = (path: string) => path.replace(".decoder_layer", "");

/** A config's language model by itself: no layer of it looks at pictures, of which the rest of the config must speak. */
function languageModel(config: object): CausalLanguageModel {
  const infimm = {
    model_type: "infimm",
    visual: {},
    cross_attn_every_n_layers: 1000,
    image_token_id: 7,
    eoc_token_id: 6,
  };
  const model = new CausalLanguageModel(parseConfig({ ...infimm, language: config }, FOLDER));
  tinyWeights(model, theirs);
  return model;
}

async function rowsOf(key: string): Promise<number[][]> {
  const { shape, data } = await file.read(key);
  return Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])));
}

/** Greedy tokens with a cache, of rows padded on the left, whose positions count from the mask. */
async function greedy(model: CausalLanguageModel, ids: number[][], mask: number[][], steps: number) {
  using cache = disposable(new KVCache());
  const written: number[][] = ids.map(() => []);
  let pending = ids;
  const seen = mask.map((row) => [...row]);
  for (let step = 0; step < steps; step++) {
    const positions = seen.map((row) => {
      let count = 0;
      return row.map((real) => (real ? count++ : 1)).slice(-pending[0].length);
    });
    const next = await compute(() => {
      const [{ backend }] = model.parameters().values();
      const [inputIds, attentionMask] = [idTensor(pending, backend), idTensor(seen, backend)];
      const text: Text = { inputIds, attentionMask, positions, cache, lastOnly: true };
      return model.call(text, NO_MEDIA).select(1, 0).argmax(-1);
    });
    pending = Array.from(next, (id) => [id]);
    for (const [row, id] of next.entries()) {
      written[row].push(id);
      seen[row].push(1);
    }
  }
  return written;
}

function disposable(cache: KVCache): KVCache & Disposable {
  return Object.assign(cache, { [Symbol.dispose]: () => cache.dispose() });
}

/** A language model of a kind on a backend, and how far it may be from transformers. */
interface Subject {
  readonly name: string;
  readonly backendName: string;
  readonly backend: Backend;
  /** @param error PyTorch's own */
  readonly limit: (error: number) => number;
}

/** Declare the language models of every kind as vitest tests: all that is stored of them, on one backend. */
export async function languageParity(backendName: string): Promise<void> {
  const bar = BARS[backendName];
  const backend = await openBackend(backendName);
  const limit = (error: number) => Math.min(bar.error, bar.ratio * Math.max(ERROR_FLOOR, error));
  describe.each(Object.keys(models))(`%s on ${backendName} equals transformers`, (name) => {
    const subject: Subject = { name, backendName, backend, limit };
    test("hidden states, logits, loss, gradients", () => checkForwardAndBack(subject));
    test("greedy tokens with a cache, of rows padded on the left", () => checkGreedy(subject));
  });
}

async function checkForwardAndBack(subject: Subject): Promise<void> {
  const { name, backendName, backend, limit } = subject;
  const { config, float32_error, grad_norms } = models[name];
  const paths = [...file.tensors.keys()].filter((key) => key.startsWith(`${name}/`)).map((key) => key.slice(name.length + 1)); // biome-ignore format: one line
  const [ids, mask] = [await rowsOf(`${name}/input_ids`), await rowsOf(`${name}/attention_mask`)];
  const model = withBackend(backendName, () => languageModel(config));
  const run = () => ({ inputIds: idTensor(ids, backend), attentionMask: idTensor(mask, backend) });
  const { acts, output } = trace(model, [run(), NO_MEDIA], {
    keep: ["model.embed_tokens", "model.layers.*", "model.norm"],
  });
  const hidden = new Map([...acts].map(([path, act]) => [`hidden/${path}`, act]));
  expect([...hidden.keys()].sort()).toEqual(paths.filter((path) => path.startsWith("hidden/")).sort());
  for (const [path, act] of hidden) await close(subject, path, act, path.slice("hidden/".length));
  const real = mask.flat();
  await close(subject, "logits", output, "logits", (i) => real[Math.floor(i / output.shape[2])] !== 0);

  const labels = idTensor(labelsOf(ids, { imageTokenId: -1, attentionMask: mask }), backend);
  const { value, grads } = scope(() => valueAndGrad(() => languageModelLoss(model.call(run(), NO_MEDIA), labels), model.parameters())); // biome-ignore format: one step
  await close(subject, "loss", value, "loss");
  expect([...grads.keys()].map(theirs).sort()).toEqual(Object.keys(grad_norms).sort());
  for (const [path, grad] of grads) {
    const key = `grads/${theirs(path)}`;
    if (paths.includes(key)) await close(subject, key, grad, key);
    const norm = Math.hypot(...(await grad.data()));
    const off = Math.abs(norm / grad_norms[theirs(path)] - 1);
    expect(off, key).toBeLessThanOrEqual(limit(float32_error[key]));
  }
  for (const tensor of [...acts.values(), output, value, ...grads.values()]) tensor.dispose();
  model.dispose();
}

async function close(
  { name, limit }: Subject,
  path: string,
  ours: { data(): Promise<ArrayLike<number>> },
  errorKey: string,
  counts?: (i: number) => boolean,
): Promise<void> {
  const { data, shape } = await file.read(`${name}/${path}`);
  const { error } = compare(await ours.data(), data, shape, counts);
  expect(error, path).toBeLessThanOrEqual(limit(models[name].float32_error[errorKey]));
}

async function checkGreedy({ name, backendName }: Subject): Promise<void> {
  const { config } = models[name];
  const [ids, mask] = [await rowsOf(`${name}/input_ids`), await rowsOf(`${name}/attention_mask`)];
  const expected = await rowsOf(`${name}/greedy_ids`);
  const model = withBackend(backendName, () => languageModel(config));
  const written = await greedy(model, ids, mask, expected[0].length);
  const ends = [(config as { eos_token_id: number | number[] }).eos_token_id].flat();
  for (const [row, tokens] of expected.entries()) {
    const end = tokens.findIndex((id) => ends.includes(id));
    const length = end < 0 ? tokens.length : end + 1; // after it the golden has padding
    expect(written[row].slice(0, length)).toEqual(tokens.slice(0, length));
  }
  model.dispose();
}
