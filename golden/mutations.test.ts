import { expect, test, vi } from "vitest";
import { GatedCrossAttentionBlock } from "../model/crossAttention/gatedCrossAttentionBlock.ts";
import { MaskedCrossAttention } from "../model/crossAttention/maskedCrossAttention.ts";
import type { Media } from "../model/crossAttention/media.ts";
import { PostNormBlock, PreNormBlock } from "../model/evaClip/block.ts";
import type { VisionRotaryEmbedding } from "../model/evaClip/rope.ts";
import { SubLnAttention } from "../model/evaClip/subLnAttention.ts";
import { SwiGLU } from "../model/evaClip/swiGlu.ts";
import type { InfiMM } from "../model/infimm.ts";
import { LanguageModel } from "../model/language/languageModel.ts";
import { SelfAttention } from "../model/language/selfAttention.ts";
import type { Sequence } from "../model/language/sequence.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { PerceiverAttention } from "../model/perceiver/perceiverAttention.ts";
import { GELU } from "../nn/activation.ts";
import { LayerNorm } from "../nn/layerNorm.ts";
import { Module, type UnaryModule } from "../nn/module.ts";
import { RMSNorm } from "../nn/rmsNorm.ts";
import { applyRope, concat, geluTanh, getBackend, onesLike, slice, type Tensor } from "../tensor/index.ts";
import { checkForward } from "./chain.ts";
import { Checker } from "./check.ts";
import { BARS } from "./compare.ts";
import { diagnose } from "./diagnose.ts";
import { openGoldenSet } from "./load.ts";

/**
 * Mistakes that people make, planted one at a time: each must fail the check, and first at the path where it sits.
 * This is the proof that the goldens can fail.
 */
interface Mutation {
  readonly mistake: string;
  readonly set: string;
  readonly case: string;
  /** The first path that diverges. */
  readonly first: string;
  plant(model: InfiMM): void;
}

const planted = vi.hoisted(() => ({ ropeOnCls: false, otherPairs: null as "half" | "adjacent" | null }));

/** Where a model turns these pairs of channels, it turns the others. */
vi.mock("../tensor/ops/rope.ts", async (original) => {
  const actual = await original<typeof import("../tensor/ops/rope.ts")>();
  const applyRope: typeof actual.applyRope = (x, cos, sin, pairs) => {
    const other = pairs === "half" ? "adjacent" : "half";
    return actual.applyRope(x, cos, sin, planted.otherPairs === pairs ? other : pairs);
  };
  return { ...actual, applyRope };
});

vi.mock("../model/evaClip/rope.ts", async (original) => {
  const actual = await original<typeof import("../model/evaClip/rope.ts")>();
  const rotateAll: typeof actual.rotatePatches = (x, rope) => {
    const withCls = (table: Tensor) => concat([slice(table, 0, 1, 2), table], 0); // CLS gets the place of patch 1
    const { freqs_cos, freqs_sin } = rope as VisionRotaryEmbedding;
    return applyRope(x, withCls(freqs_cos), withCls(freqs_sin), "adjacent");
  };
  const rotatePatches: typeof actual.rotatePatches = (x, rope) =>
    (planted.ropeOnCls ? rotateAll : actual.rotatePatches)(x, rope);
  return { ...actual, rotatePatches };
});

/** All modules of a kind. */
function each<M extends Module>(
  model: InfiMM,
  kind: abstract new (...args: never[]) => M,
  change: (module: M, path: string) => void,
): void {
  for (const [path, module] of model.modules()) if (module instanceof kind) change(module, path);
}

/** Put something else in the place of the child called `name` of every module of a kind. */
function replaceChild<M extends Module>(
  model: InfiMM,
  kind: abstract new (...args: never[]) => M,
  name: string,
  by: () => Module,
): void {
  each(model, kind, (module) => Object.assign(module, { [name]: by() }));
}

/** Other arguments for every module of a kind. */
function changeArguments<M extends Module>(
  model: InfiMM,
  kind: abstract new (...args: never[]) => M,
  change: (...args: Parameters<M["forward"]>) => unknown[],
): void {
  each(model, kind, (module) => {
    const forward = module.forward.bind(module);
    Object.assign(module, { forward: (...args: Parameters<M["forward"]>) => forward(...change(...args)) });
  });
}

/** Another function in the place of a module: what is left of one that was forgotten is the identity. */
class Instead extends Module {
  private readonly fn: (x: Tensor) => Tensor;
  constructor(fn: (x: Tensor) => Tensor = (x) => x) {
    super();
    this.fn = fn;
  }
  forward(x: Tensor): Tensor {
    return this.fn(x);
  }
}

/** k and v change places in the output of a `to_kv`. */
function swapKeysAndValues(owner: { to_kv: UnaryModule }): void {
  const forward = owner.to_kv.forward.bind(owner.to_kv);
  owner.to_kv.forward = (x) => {
    const kv = forward(x);
    const inner = kv.shape.at(-1)! / 2;
    return concat([slice(kv, -1, inner), slice(kv, -1, 0, inner)], -1);
  };
}

const VISION = "model.vision_encoder.blocks.0";
const CROSS = "model.lang_encoder.model.layers.1.gated_cross_attn_layer";
const LAYER = "model.lang_encoder.model.layers.0.decoder_layer";

// biome-ignore format: a mutation a block
const MUTATIONS: readonly Mutation[] = [
  { mistake: "eps 1e-5 for 1e-6 in the tower", set: "tiny-zephyr", case: "one_image", first: `${VISION}.norm1`,
    plant: (model) => each(model, LayerNorm, (norm, path) => path.startsWith("model.vision_encoder") && Object.assign(norm, { eps: 1e-5 })) },
  { mistake: "tanh GELU for erf", set: "tiny-llama", case: "one_image", first: `${VISION}.mlp.act`,
    plant: (model) => each(model, GELU, (gelu) => Object.assign(gelu, { forward: geluTanh })) },
  { mistake: "rotary positions on CLS", set: "tiny-zephyr", case: "one_image", first: `${VISION}.attn:attn`,
    plant: () => { planted.ropeOnCls = true; } },
  { mistake: "missing sub-LN in attention", set: "tiny-zephyr", case: "one_image", first: `${VISION}.attn.inner_attn_ln`,
    plant: (model) => replaceChild(model, SubLnAttention, "inner_attn_ln", () => new Instead()) },
  { mistake: "missing sub-LN in the MLP", set: "tiny-zephyr", case: "one_image", first: `${VISION}.mlp.ffn_ln`,
    plant: (model) => replaceChild(model, SwiGLU, "ffn_ln", () => new Instead()) },
  { mistake: "q not scaled in the tower", set: "tiny-zephyr", case: "one_image", first: `${VISION}.attn:attn`,
    plant: (model) => each(model, SubLnAttention, (attn) => Object.assign(attn, { scale: 1 })) },
  { mistake: "q not scaled in the resampler", set: "tiny-zephyr", case: "one_image", first: "model.perceiver.layers.0.0:attn",
    plant: (model) => each(model, PerceiverAttention, (attn) => Object.assign(attn, { scale: 1 })) },
  { mistake: "q not scaled in cross-attention", set: "tiny-hd", case: "one_image", first: "model.lang_encoder.model.layers.3.gated_cross_attn_layer.attn:attn",
    plant: (model) => each(model, MaskedCrossAttention, (attn) => Object.assign(attn, { scale: 1 })) },
  { mistake: "k and v swapped in the resampler", set: "tiny-zephyr", case: "one_image", first: "model.perceiver.layers.0.0.to_kv",
    plant: (model) => each(model, PerceiverAttention, swapKeysAndValues) },
  { mistake: "the resampler's last norm forgotten", set: "tiny-zephyr", case: "one_image", first: "model.perceiver.norm",
    plant: (model) => Object.assign(model.model.perceiver!, { norm: new Instead() }) },
  { mistake: "k and v swapped in cross-attention", set: "tiny-zephyr", case: "one_image", first: `${CROSS}.attn.to_kv`,
    plant: (model) => each(model, MaskedCrossAttention, swapKeysAndValues) },
  { mistake: "<image> sees the picture before its own", set: "tiny-zephyr", case: "interleaved", first: `${CROSS}.attn:attn`,
    plant: (model) => changeArguments(model, MaskedCrossAttention, (x: Tensor, media: Media) =>
      [x, { ...media, textTime: concat([slice(media.textTime, 1, 0, 1).mul(0), slice(media.textTime, 1, 0, -1)], 1) }]) },
  { mistake: "has-media switch dropped", set: "tiny-zephyr", case: "text_only", first: CROSS,
    plant: (model) => changeArguments(model, GatedCrossAttentionBlock, (x: Tensor, media: Media) =>
      [x, { ...media, hasMedia: onesLike(media.hasMedia) }]) },
  { mistake: "gates without tanh", set: "tiny-hd", case: "one_image", first: "model.lang_encoder.model.layers.3.gated_cross_attn_layer.ff.0", // the first to see the gated sum
    plant: (model) => each(model, GatedCrossAttentionBlock, (block) => {
      for (const gate of [block.attn_gate, block.ff_gate]) Object.assign(gate, { tanh: () => gate });
    }) },
  { mistake: "rotary pairs are neighbours in the language model", set: "tiny-llama", case: "one_image", first: `${LAYER}.self_attn:attn`,
    plant: () => { planted.otherPairs = "half"; } },
  { mistake: "rotary pairs are halves in the tower", set: "tiny-zephyr", case: "one_image", first: `${VISION}.attn:attn`,
    plant: () => { planted.otherPairs = "adjacent"; } },
  { mistake: "causal mask off by one: a token sees the next", set: "tiny-zephyr", case: "one_image", first: `${LAYER}.self_attn:attn`,
    plant: (model) => changeArguments(model, SelfAttention, (x: Tensor, sequence: Sequence) => {
      const t = x.shape[1];
      const bias = sequence.biases.sliding_attention;
      const later = concat([slice(bias, 2, 1), bias.slice(2, t - 1)], 2);
      return [x, { ...sequence, biases: { ...sequence.biases, sliding_attention: later } }];
    }) },
  { mistake: "padding not masked", set: "tiny-llama", case: "left_padded", first: `${LAYER}.self_attn:attn`,
    plant: (model) => each(model, LanguageModel, (language) => {
      const sequence = language.sequence.bind(language);
      language.sequence = (text) => sequence({ ...text, attentionMask: null });
    }) },
  { mistake: "RMSNorm eps 1e-6 for 1e-5", set: "tiny-zephyr", case: "one_image", first: `${LAYER}.input_layernorm`,
    plant: (model) => each(model, RMSNorm, (norm) => Object.assign(norm, { eps: 1e-6 })) },
  { mistake: "norms before the branches in E", set: "tiny-vicuna", case: "one_image", first: `${VISION}.norm1`,
    plant: (model) => each(model, PostNormBlock, (block) => Object.assign(block, { forward: PreNormBlock.prototype.forward })) },
  { mistake: "norms after the branches in g", set: "tiny-llama", case: "one_image", first: `${VISION}.attn:attn`,
    plant: (model) => each(model, PreNormBlock, (block) => Object.assign(block, { forward: PostNormBlock.prototype.forward })) },
];

test.each(MUTATIONS)("caught: $mistake", async ({ set, case: name, first, plant }) => {
  Object.assign(planted, { ropeOnCls: false, otherPairs: null });
  const folder = `golden/fixtures/${set}`;
  const golden = (await openGoldenSet(folder)).cases.find((c) => c.name === name)!;
  const model = await loadPretrained(folder, { backend: getBackend("cpu") });
  plant(model);
  const checker = new Checker(set, golden, BARS.cpu);
  await checkForward(model, golden, checker, getBackend("cpu"));
  expect(diagnose(checker.checks)?.first.path).toBe(first);
  expect(checker.checks.find((check) => check.kind === "logits")!.passed).toBe(false);
  Object.assign(planted, { ropeOnCls: false, otherPairs: null });
});
