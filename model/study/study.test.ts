import { expect, test } from "vitest";
import { openGoldenSet } from "../../golden/load.ts";
import { patched } from "../../nn/patch.ts";
import { fromData, memory, type Tensor } from "../../tensor/index.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import type { InfiMM } from "../infimm.ts";
import type { Processor } from "../processor/processor.ts";
import { dependence } from "./dependence.ts";
import { headEffects } from "./heads.ts";
import { latentCurve, latentImportance, withLatents } from "./latents.ts";
import { lens } from "./lens.ts";
import { rowsOf } from "./rowsOf.ts";
import { StudiedAnswer } from "./studiedAnswer.ts";
import { causalTracing } from "./tracing.ts";

const folder = "golden/fixtures/tiny-zephyr";
const model: InfiMM = await loadPretrained(folder);
const prompts = (await openGoldenSet(folder)).cases.find((one) => one.name === "one_image")!.prompts();

/** The set has no tokenizer: a token's text is its number. */
const processor = {
  imageTokenId: model.config.image_token_id,
  pieces: (ids: ArrayLike<number>) => Array.from(ids, String),
  tokenizer: { isSpecial: () => false },
} as unknown as Processor;

/** A small model with random weights, 3 x 3 patches and 64 latents, and an answer of three tokens. */
function studied(brightness = 1): StudiedAnswer {
  const pixelValues = prompts.pixelValues.map((x) => x * brightness);
  return new StudiedAnswer({ model, processor }, { ...prompts, pixelValues }, [5, 9, 7]);
}

/** Log-probabilities of the answer's tokens by the definition: one run of everything from the pixels, sums in doubles. */
async function plainLogProbs(study: StudiedAnswer): Promise<number[]> {
  using pixelValues = fromData(prompts.pixelValues, prompts.pixelShape, "f32", model.backend);
  using inputIds = study.inputIds();
  using logits = model.call({ pixelValues, inputIds });
  const [, , vocab] = logits.shape;
  const data = await logits.data();
  return study.tokens.map(({ id }, i) => {
    const row = Array.from(data.subarray((study.start + i - 1) * vocab, (study.start + i) * vocab));
    return row[id] - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
  });
}

const NEAR = 5; // digits of a log-probability: several float32 sums of a few hundred terms

const study = studied();
const plain = await plainLogProbs(study);
const sum = (list: ArrayLike<number>) => Array.from(list).reduce((a, b) => a + b, 0);

function near(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  for (const [i, x] of Array.from(expected).entries()) expect(got[i]).toBeCloseTo(x, NEAR);
}

test("the answer's log-probabilities are those of one run from the pixels", async () => {
  const [row] = await rowsOf(study, () => study.media);
  near(row, plain);
});

test("dependence is a run with the square hidden behind the tower, square by square, in batches of any size", async () => {
  const before = memory();
  const falls = await dependence(study, { window: 1 });
  expect(memory()).toEqual(before);
  for (const batch of [1, 7, 16]) {
    const others = await dependence(study, { window: 1, batch });
    for (const [i, [map]] of others.entries()) near(map, falls[i][0]);
  }
  for (const patch of [0, 4, 8]) {
    const corners = [1, 3, 7, 9].map((token) => token); // CLS is token 0, and the grid is 3 x 3
    const hide = (features: Tensor) => {
      const [, v, w] = features.shape;
      const mean = corners
        .map((token) => features.slice(1, token, token + 1))
        .reduce((a, b) => a.add(b))
        .div(4);
      const isHidden = Float32Array.from({ length: v }, (_, token) => Number(token === 1 + patch));
      const hidden = fromData(isHidden, [1, v, 1], "f32", features.backend);
      return mean
        .expand(1, v, w)
        .mul(hidden)
        .add(features.mul(hidden.neg().add(1)));
    };
    using _ = patched(model, { "model.vision_encoder": hide });
    const without = await plainLogProbs(study);
    near(falls.map(([map]) => map[patch]), plain.map((x, i) => x - without[i])); // biome-ignore format: one line
  }
});

test("a window as large as the picture hides the same wherever it stands in the middle; fills differ", async () => {
  const [[five], [three]] = [await dependence(study, { window: 5 }), await dependence(study, { window: 3 })];
  expect(five[0][4]).toBeCloseTo(three[0][4], NEAR); // all nine patches, both times
  const fills = [];
  for (const fill of ["corners", "mean", "zeros"] as const) fills.push((await dependence(study, { fill }))[0][0][4]);
  expect(new Set(fills).size).toBe(3);
  await expect(dependence(study, { window: 2 })).rejects.toThrow("window must be an odd number of patches, got 2");
});

test("the last rung of the lens is what the model says; blind, no rung depends on the picture", async () => {
  const before = memory();
  const rungs = await lens(study, { top: 3 });
  expect(memory()).toEqual(before);
  expect(rungs.map(({ path }) => path.replace("model.lang_encoder.model.", ""))).toEqual([
    "embed_tokens",
    "layers.0",
    "layers.1.gated_cross_attn_layer",
    "layers.1",
    "layers.2",
    "layers.3.gated_cross_attn_layer",
    "layers.3",
  ]);
  near(rungs.at(-1)!.tokens.map((token) => Math.log(token.probability)), plain); // biome-ignore format: one line
  for (const { top } of rungs.at(-1)!.tokens) {
    expect(top).toHaveLength(3);
    expect(top[0].probability).toBeGreaterThanOrEqual(top[1].probability);
  }
  const [blind, other] = [await lens(study, { pictures: false }), await lens(studied(-1), { pictures: false })];
  expect(blind).toEqual(other);
  expect(blind[0]).toEqual((await lens(study))[0]); // before any block there is no picture
  expect(blind.at(-1)).not.toEqual((await lens(study)).at(-1));
});

test("all latents change nothing, one less is what importance says, and a vector of zeros is not no vector", async () => {
  const all = Array.from({ length: model.model.perceiver!.stateDict().get("latents")!.shape[0] }, (_, i) => i);
  near(await withLatents(study, all), plain);
  near(await withLatents(study, [...all].reverse()), plain); // attention has no order
  near(await withLatents(study, all, { others: "zeroed" }), plain);
  const importance = await latentImportance(study);
  const odd = await latentImportance(study, { batch: 7 });
  near(odd, importance);
  for (const out of [0, 3]) {
    const rest = all.filter((i) => i !== out);
    expect(importance[out]).toBeCloseTo(sum(plain) - sum(await withLatents(study, rest)), NEAR);
    expect(await withLatents(study, rest, { others: "zeroed" })).not.toEqual(await withLatents(study, rest));
  }
  const curve = await latentCurve(study, [2, 0, 1]);
  near(curve, [sum(await withLatents(study, [2])), sum(await withLatents(study, [2, 0])), sum(await withLatents(study, [2, 0, 1]))]); // biome-ignore format: one line
  await expect(withLatents(study, [0, 0])).rejects.toThrow("each once");
});

test("a head's effect is a run in which its attention is 0", async () => {
  const path = "model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn:attn";
  const effects = await headEffects(study);
  expect(effects.map((effect) => effect.path)).toEqual([path, path.replace("layers.1", "layers.3")]);
  for (const head of [0, 1]) {
    const silence = (attn: Tensor) => {
      const heads = attn.shape[1];
      const isKept = Float32Array.from({ length: heads }, (_, h) => Number(h !== head));
      return attn.mul(fromData(isKept, [heads, 1, 1], "f32", attn.backend));
    };
    using _ = patched(model, { [path]: silence });
    const without = await plainLogProbs(study);
    near(effects[0].losses[head], plain.map((x, i) => x - without[i])); // biome-ignore format: one line
  }
  const [resampler] = await headEffects(study, { attention: ["model.perceiver.layers.0.0:attn"] });
  expect(resampler.losses.some((losses) => losses.some((loss) => loss !== 0))).toBe(true);
  await expect(headEffects(study, { attention: ["**.gated_cross_attn_layer.attn"] })).rejects.toThrow("[b, h, i, j]");
});

test("tracing: the last layer at the last token restores all, tokens before the picture nothing", async () => {
  const others = studied(-3);
  const last = "model.lang_encoder.model.layers.3";
  const modules = [last, "model.lang_encoder.model.embed_tokens", "model.perceiver"];
  const { modules: traced, said, other } = await causalTracing(study, others, { modules });
  expect(said).not.toBe(other);
  const of = (path: string) => traced.find((one) => one.path === path)!.restored;
  expect(of(last)).toHaveLength(study.start);
  expect(of(last).at(-1)).toBeCloseTo(1, 4);
  for (const share of of("model.lang_encoder.model.embed_tokens")) expect(share).toBeCloseTo(0, NEAR);
  expect(of("model.perceiver")).toHaveLength(1);
  expect(of("model.perceiver")[0]).toBeCloseTo(1, 4);
  const five = await causalTracing(study, others, { modules, batch: 5 });
  for (const [i, { restored }] of five.modules.entries()) near(restored, traced[i].restored);
  await expect(causalTracing(study, study)).rejects.toThrow("says the same");
  await expect(causalTracing(study, others, { token: 3 })).rejects.toThrow("tokens 0 to 2, got 3");
});
