import { expect, test } from "vitest";
import { Module } from "../nn/module.ts";
import { report } from "../nn/report.ts";
import type { Tensor } from "../tensor/index.ts";
import { configOf } from "./config/variants.ts";
import { GatedCrossAttentionBlock } from "./crossAttention/gatedCrossAttentionBlock.ts";
import type { Media } from "./crossAttention/media.ts";
import { EVAVisionTransformer } from "./evaClip/evaVisionTransformer.ts";
import { InfiMM } from "./infimm.ts";
import { DecoderLayer } from "./language/decoderLayer.ts";
import { FlamingoLayer } from "./language/flamingoLayer.ts";
import { CausalLanguageModel, LanguageModel } from "./language/languageModel.ts";
import type { Sequence, Text } from "./language/sequence.ts";
import { PerceiverResampler } from "./perceiver/perceiverResampler.ts";
import { select } from "../nn/surgery.ts";

/** The parts of a model that have parts; each is there once. */
function partsOf(model: InfiMM) {
  const one = <M extends Module>(found: readonly M[]) => found[1] ?? found[0];
  return {
    tower: one(select(model).instances(EVAVisionTransformer).modules()),
    resampler: one(select(model).instances(PerceiverResampler).modules()),
    causal: one(select(model).instances(CausalLanguageModel).modules()),
    language: one(select(model).instances(LanguageModel).modules()),
    layer: one(select(model).instances(FlamingoLayer).modules()),
    block: one(select(model).instances(GatedCrossAttentionBlock).modules()),
    decoder: one(select(model).instances(DecoderLayer).modules()),
  };
}

/** Gives back what it gets first, counted. */
class Same extends Module {
  runs = 0;
  forward(x: Tensor): Tensor {
    this.runs++;
    return x;
  }
}

/** Each line compiles because a field has a role for its type, and not a class. */
const SWAPS: Record<string, (model: InfiMM, parts: ReturnType<typeof partsOf>, same: Same) => void> = {
  "the tower's positions": (_, { tower }, same) => void (tower.rope = same),
  "a block of the tower": (_, { tower }, same) => void (tower.blocks[3] = same),
  "the resampler": (model, _, same) => void (model.model.perceiver = new FirstTokens(same)),
  "attention in the resampler": (_, { resampler }, same) => void (resampler.layers[0][0] = new Second(same)),
  "an MLP in the resampler": (_, { resampler }, same) => void (resampler.layers[0][1] = same),
  "the language model": (_, { causal }, same) => void (causal.model = new Embeds(causal.model as LanguageModel, same)),
  "a layer": (_, { language }, same) => void (language.layers[0] = same),
  "cross-attention in a layer": (_, { layer }, same) => void (layer.gated_cross_attn_layer = same),
  "attention in a cross-attention block": (_, { block }, same) => void (block.attn = same),
  "self-attention": (_, { decoder }, same) => void (decoder.self_attn = same),
  "a norm": (_, { decoder }, same) => void (decoder.input_layernorm = same),
  "an MLP": (_, { decoder }, same) => void (decoder.mlp = same),
};

class FirstTokens extends Module {
  same: Same;
  constructor(same: Same) {
    super();
    this.same = same;
  }
  forward(features: Tensor): Tensor {
    return this.same.call(features.select(2, 0).slice(2, 0, 64)); // [b, m, 64, w]
  }
}

/** Latents that look at nothing. */
class Second extends Module {
  same: Same;
  constructor(same: Same) {
    super();
    this.same = same;
  }
  forward(_x: Tensor, latents: Tensor): Tensor {
    return this.same.call(latents); // [b, m, n, w]
  }
}

/** A language model of nothing but its embeddings. */
class Embeds extends Module {
  inner: LanguageModel;
  same: Same;
  constructor(inner: LanguageModel, same: Same) {
    super();
    this.inner = inner;
    this.same = same;
  }
  forward(text: Text, _media: Media): Tensor {
    return this.same.call(this.inner.embed_tokens.call(text.inputIds)); // [b, t, d]
  }
}

test.each(Object.entries(SWAPS))("%s is swapped by assignment", (_, swap) => {
  const model = new InfiMM(configOf("infimm-zephyr"));
  const same = new Same();
  swap(model, partsOf(model), same);
  const { rows } = report(model);
  expect(same.runs).toBeGreaterThan(0);
  expect(rows[0].output).toEqual([1, 32, 32002]);
});

test("what maps something else is refused by the compiler", () => {
  class Greedy extends Module {
    forward(x: Tensor, _media: Media, _sequence: Sequence, _more: Tensor): Tensor {
      return x;
    }
  }
  class Pair extends Module {
    forward(x: Tensor): Tensor[] {
      return [x, x];
    }
  }
  const { language, decoder } = partsOf(new InfiMM(configOf("infimm-zephyr")));
  // @ts-expect-error four arguments, and a layer gets three
  language.layers[0] = new Greedy();
  // @ts-expect-error several tensors come out, and a norm gives one
  decoder.input_layernorm = new Pair();
});
