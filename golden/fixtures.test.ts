import { describe, expect, test } from "vitest";
import { fnv1a, signedStream } from "../core/random.ts";
import { type CrossAttentionConfig, parseConfig } from "../model/config/config.ts";
import { GatedCrossAttentionBlock } from "../model/crossAttention/gatedCrossAttentionBlock.ts";
import { mediaPlaces, placesAfter } from "../model/crossAttention/media.ts";
import { EVAVisionTransformer } from "../model/evaClip/evaVisionTransformer.ts";
import { ropeTables } from "../model/evaClip/rope.ts";
import { beamSearch } from "../model/generate/beam.ts";
import { generate } from "../model/generate/generate.ts";
import { InfiMM, languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs, type Prompts } from "../model/inputs.ts";
import { PerceiverResampler } from "../model/perceiver/perceiverResampler.ts";
import { readJson } from "../model/files/readFile.ts";
import type { VisualConfig } from "../model/config/visualConfig.ts";
import { compute, fromData, tensor, type Tensor } from "../tensor/index.ts";
import { recipeInput, tinyWeights } from "./recipe.ts";

/**
 * The numbers of the specification's Appendix A: PyTorch in float32, run by another harness with another version of
 * transformers than the golden sets. Two exporters would have to make the same mistake for both to agree with us.
 */
// biome-ignore lint/suspicious/noExplicitAny: numbers, lists and tables, by name
const spec = (await readJson("golden/fixtures/spec.json")) as any;

interface Statistics {
  readonly shape: number[];
  readonly sum: number;
  readonly abs_sum: number;
  readonly first8: number[];
  readonly last4: number[];
}

/** |got - want| <= 1e-5 (1 + |want|): float32, as golden/export/check_fixtures.py has it. */
function expectNear(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-5): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    expect(Math.abs(got[i] - want[i]), `[${i}]: ${got[i]}, not ${want[i]}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(want[i])),
    );
  }
}

async function expectStatistics(t: Tensor, want: Statistics): Promise<void> {
  expect([...t.shape]).toEqual(want.shape);
  const values = await t.data();
  expectNear(values.subarray(0, 8), want.first8);
  expectNear(values.subarray(-4), want.last4);
  let [sum, absolute] = [0, 0];
  for (const value of values) [sum, absolute] = [sum + value, absolute + Math.abs(value)];
  expectNear([absolute], [want.abs_sum]);
  expectNear([sum], [want.sum], 1e-4); // of hundreds of numbers that cancel
}

test("the generator", () => {
  expect(fnv1a("a")).toBe(spec.rng['fnv1a32("a")']);
  expect(fnv1a("input.image")).toBe(spec.rng['fnv1a32("input.image")']);
  expect([...signedStream("a", 5)]).toEqual(spec.rng['rnd("a") first5']);
});

describe("image towers", () => {
  const g: VisualConfig = {
    image_size: 28,
    patch_size: 14,
    layers: 2,
    width: 40,
    head_width: 20,
    mlp_ratio: 4.3637,
    embed_dim: 12,
    postnorm: false,
    rope: false,
    pt_hw_seq_len: 16,
    intp_freq: false,
    naiveswiglu: false,
    subln: false,
  };
  const l = { image_size: 42, width: 32, head_width: 16, mlp_ratio: 2.6667, rope: true, intp_freq: true };
  test.each<[string, VisualConfig]>([
    ["vitL_tiny", { ...g, ...l, naiveswiglu: true, subln: true }],
    ["vitg_tiny", g],
    ["vitE_tiny", { ...g, mlp_ratio: 8.571428571428571, postnorm: true }],
  ])("%s: all features, and the head", async (name, config) => {
    const tower = new EVAVisionTransformer(config);
    tinyWeights(tower);
    if (tower.rope) {
      const { cos, sin } = ropeTables(3, 16, 16);
      tower.rope.setTensor("freqs_cos", fromData(cos, [9, 16]));
      tower.rope.setTensor("freqs_sin", fromData(sin, [9, 16]));
    }
    const size = config.image_size;
    const features = tower.call(recipeInput("input.image", [2, 3, size, size]));
    await expectStatistics(features, spec[name].all_features);
    expectNear(await tower.classFeatures(features).data(), spec[name].pooled_head);
  });

  test("vitL_tiny and rope_L336: rotary tables", () => {
    const row = (table: Float32Array, i: number, d: number) => table.subarray(i * d, (i + 1) * d);
    const tiny = ropeTables(3, 16, 16);
    expectNear(row(tiny.cos, 1, 16), spec.vitL_tiny.rope_cos_row1);
    expectNear(row(tiny.cos, 3, 16), spec.vitL_tiny.rope_cos_row3);
    expectNear(row(tiny.sin, 8, 16), spec.vitL_tiny.rope_sin_row8);
    const large = ropeTables(24, 64, 16);
    expect(large.cos.length).toBe(576 * 64);
    expectNear(row(large.cos, 1, 64), spec.rope_L336.cos_row1);
    expectNear(row(large.cos, 24, 64), spec.rope_L336.cos_row24);
    expectNear(row(large.sin, 575, 64), spec.rope_L336.sin_row575);
    const sum = (table: Float32Array) => table.reduce((total, value) => total + value, 0);
    expectNear([sum(large.cos), sum(large.sin)], [spec.rope_L336.sum_cos, spec.rope_L336.sum_sin], 1e-7);
  });
});

test("perceiver_tiny: every latent", async () => {
  const resampler = new PerceiverResampler(16, { depth: 2, heads: 2, dim_head: 8, num_latents: 4, ff_mult: 4 });
  tinyWeights(resampler);
  const latents = resampler.call(recipeInput("input.features", [1, 2, 1, 5, 16]));
  expectNear(await latents.data(), spec.perceiver_tiny.out);
  await expectStatistics(latents, spec.perceiver_tiny.out_stats);
});

describe("cross-attention", () => {
  const text = recipeInput("input.text", [2, 6, 24]);
  const features = recipeInput("input.media", [2, 2, 4, 16]);
  const small = { heads: 2, dim_head: 8, ff_mult: 4, gate: "scalar", only_attend_immediate_media: true } as const;
  const make = (config: CrossAttentionConfig) => {
    const block = new GatedCrossAttentionBlock(24, 16, config);
    tinyWeights(block);
    return block;
  };
  const places = (where: number[][]) => mediaPlaces(tensor(where, "i32"), 1); // 1 stands for <image>

  test.each(["two_images", "no_image_in_sample1", "more_tokens_than_images"])("xattn_tiny: %s", async (name) => {
    const { loc, delta, delta_norm_per_token } = spec.xattn_tiny.cases[name];
    const change = make(small)
      .call(text, { features, ...places(loc) })
      .sub(text);
    await expectStatistics(change, delta);
    const norms = await change.mul(change).sum(-1).sqrt().data();
    expectNear(norms, delta_norm_per_token.flat());
  });

  test("xattn_tiny: the first token after a cached prompt", async () => {
    const { two_images, cached_decode_first_token } = spec.xattn_tiny.cases;
    const first = text.slice(1, 0, 1);
    const after = placesAfter(places(two_images.loc), 1);
    const change = make(small)
      .call(first, { features, ...after })
      .sub(first);
    await expectStatistics(change, cached_decode_first_token.delta);
  });

  test("xattn_hd_tiny: gates of a number a channel", async () => {
    const block = make({ ...small, heads: 3, ff_mult: 1, gate: "vector" });
    const where = places(spec.xattn_tiny.cases.two_images.loc);
    await expectStatistics(block.call(text, { features, ...where }).sub(text), spec.xattn_hd_tiny.delta);
  });
});

describe("full_tiny", async () => {
  const config = parseConfig(await readJson("golden/fixtures/tiny-zephyr/config.json"), "tiny-zephyr");
  const model = new InfiMM(config);
  tinyWeights(model);
  const { cos, sin } = ropeTables(3, 16, 16);
  model.setTensor("model.vision_encoder.rope.freqs_cos", fromData(cos, [9, 16]));
  model.setTensor("model.vision_encoder.rope.freqs_sin", fromData(sin, [9, 16]));
  const want = spec.full_tiny;
  const [ids] = want.ids as number[][];
  const pixelShape = [1, 2, 1, 3, 42, 42];
  const pixelValues = Float32Array.from(signedStream("input.image", 2 * 3 * 42 * 42));
  const prompts: Prompts = { inputIds: [ids], attentionMask: [ids.map(() => 1)], pixelValues, pixelShape };
  const loss = (labels: number[]) =>
    compute(() => languageModelLoss(model.call(modelInputs(prompts)), idTensor([labels])));

  test("names and shapes of all parameters", () => {
    const ours = [...model.parameters()].map(([path, { shape }]) => [path, [...shape]]);
    expect(Object.fromEntries(ours)).toEqual(spec.shapes);
    expect([...model.parameters().values()].reduce((sum, { size }) => sum + size, 0)).toBe(want.n_params);
  });

  test("logits and losses", async () => {
    const logits = model.call(modelInputs(prompts));
    await expectStatistics(logits, want.logits);
    expectNear((await logits.data()).subarray(-42), want.logits_last);
    expectNear(await loss(ids), [want.loss]);
    const masked = ids.map((id, i) => (i < 5 || id === config.image_token_id ? -100 : id));
    expectNear(await loss(masked), [want["loss_masked(first5 and image ids -100)"]]);
  });

  test("greedy tokens and beams", async () => {
    const [greedy] = await generate(model, prompts, { maxNewTokens: 12, imageToken: "emulate" });
    expect([...greedy]).toEqual(want.greedy12);
    const [[best]] = await beamSearch(model, prompts, { beams: 3, lengthPenalty: 0, maxNewTokens: 6 });
    expect([...best.ids]).toEqual(want.beam3_lp0_6);
  });

  const text = [1, 5, 6, 7]; // not in the file: the ids that give its logits

  test("text only", async () => {
    const only: Prompts = { ...prompts, inputIds: [text], attentionMask: [text.map(() => 1)] };
    expectNear((await model.call(modelInputs(only)).data()).subarray(-42, -34), want.text_only_logits_last);
    const [greedy] = await generate(model, only, { maxNewTokens: 6 });
    expect([...greedy]).toEqual(want.text_only_greedy6);
  });

  test("a batch, padded on the left", async () => {
    const padding = ids.length - text.length;
    const batch: Prompts = {
      inputIds: [ids, [...Array(padding).fill(2), ...text]],
      attentionMask: [ids.map(() => 1), [...Array(padding).fill(0), ...text.map(() => 1)]],
      pixelValues: Float32Array.from({ length: 2 * pixelValues.length }, (_, i) => pixelValues[i] ?? 0),
      pixelShape: [2, ...pixelShape.slice(1)],
    };
    const rows = await generate(model, batch, { maxNewTokens: 6, imageToken: "emulate" });
    expect(rows.map((row) => [...row])).toEqual(want.batch_left_pad_greedy6);
  });
});
