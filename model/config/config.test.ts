import { describe, expect, it } from "vitest";
import { crossAttentionLayers, type InfiMMConfig, parseConfig } from "./config.ts";
import { ConfigError } from "./configFields.ts";
import zephyr from "./published/infimm-zephyr.json" with { type: "json" };
import { configOf, VARIANTS, type VariantName } from "./variants.ts";
import { visualSizes } from "./visualConfig.ts";

/** Parameters from closed forms: the tower, the perceiver, all cross-attention blocks, the language model. */
function parameterCounts(config: InfiMMConfig): number[] {
  const { visual, language, perceiver, cross_attention: cross } = config;
  const { tokens, hidden: h } = visualSizes(visual);
  const W = visual.width;
  const D = language.hidden_size;
  const block = visual.subln ? 4 * W * W + 10 * W + 3 * W * h + 4 * h : 4 * W * W + 8 * W + 2 * W * h + h;
  const patch = 3 * visual.patch_size ** 2 * W + W;
  const tower = patch + W + tokens * W + visual.layers * block + 2 * W + (W + 1) * visual.embed_dim;

  const inner = perceiver ? perceiver.heads * perceiver.dim_head : 0;
  const resampler = perceiver
    ? perceiver.depth * (4 * inner * W + 2 * perceiver.ff_mult * W * W + 6 * W) + perceiver.num_latents * W + 2 * W
    : 0;

  const c = cross.heads * cross.dim_head;
  const gates = cross.gate === "scalar" ? 2 : 2 * D;
  const oneCross = 2 * c * D + 2 * c * W + 2 * cross.ff_mult * D * D + 4 * D + gates;

  const kv = language.num_key_value_heads * (D / language.num_attention_heads);
  const layer = 2 * D * D + 2 * D * kv + 3 * D * language.intermediate_size + 2 * D;
  const lm = language.num_hidden_layers * layer + 2 * language.vocab_size * D + D;
  return [tower, resampler, crossAttentionLayers(config).length * oneCross, lm];
}

describe("configs", () => {
  it.each<[VariantName, number[], number]>([
    ["infimm-zephyr", [304432832, 63019008, 2231631904, 7241748480], 9840832224],
    ["infimm-llama-13b", [1012588928, 112603392, 2164203540, 13015884800], 16305280660],
    ["infimm-vicuna-13b", [4350556928, 176343552, 2168135700, 13015884800], 19710920980],
    ["infimm-hd-stage1-13b", [4350556928, 0, 630763520, 13015884800], 17997205248],
    ["infimm-hd-stage1-7b", [4350556928, 0, 340983808, 6738432000], 11429972736],
  ])("%s has the known number of parameters", (name, parts, total) => {
    const counts = parameterCounts(configOf(name));
    expect(counts).toEqual(parts);
    expect(counts.reduce((sum, n) => sum + n)).toBe(total);
  });

  it("gives a chat model the architecture of its base", () => {
    for (const name of Object.keys(VARIANTS) as VariantName[]) {
      const chat = `${name}-chat` as VariantName;
      if (chat in VARIANTS) expect(configOf(chat)).toEqual(configOf(name));
    }
    expect(() => configOf("infimm-gpt" as VariantName)).toThrow("known are infimm-zephyr, infimm-zephyr-chat");
    expect(() => configOf("__proto__" as VariantName)).toThrow(ConfigError);
  });

  it("truncates hidden sizes as Python's int() does", () => {
    const hidden = (name: VariantName): number => visualSizes(configOf(name).visual).hidden;
    expect([hidden("infimm-zephyr"), hidden("infimm-llama-13b"), hidden("infimm-vicuna-13b")]).toEqual([
      2730, 6144, 15360,
    ]);
  });

  it("places cross-attention before every n-th layer", () => {
    expect(crossAttentionLayers(configOf("infimm-zephyr"))).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i + 1));
    expect(crossAttentionLayers(configOf("infimm-vicuna-13b"))).toEqual([3, 7, 11, 15, 19, 23, 27, 31, 35, 39]);
  });
});

describe("parseConfig", () => {
  it("fills in what the original hard-codes", () => {
    const config = parseConfig(zephyr, "f");
    expect(config.perceiver).toEqual({ depth: 6, heads: 8, dim_head: 64, num_latents: 64, ff_mult: 4 });
    expect(config.cross_attention).toEqual({
      heads: 8,
      dim_head: 64,
      ff_mult: 4,
      gate: "scalar",
      only_attend_immediate_media: true,
    });
    expect(config.eos_token_id).toBe(2);
  });

  it("knows InfiMM-HD by its own keys", () => {
    const hd = configOf("infimm-hd-stage1-13b");
    const { model_type: _, ...bare } = zephyr;
    for (const json of [
      { ...zephyr, model_type: "infimm-hd" },
      { ...bare, freeze_vit: true },
    ]) {
      const config = parseConfig(json, "f");
      expect(config.perceiver).toBeNull();
      expect(config.cross_attention).toEqual(hd.cross_attention);
      expect(config.eos_token_id).toBe(32000);
    }
  });

  it("takes single keys of the connector, and transformers 5's rope_parameters", () => {
    const language = { ...zephyr.language, rope_parameters: { rope_type: "default", rope_theta: 5e5 } };
    const config = parseConfig({ ...zephyr, language, perceiver: { depth: 2 }, cross_attention: { heads: 3 } }, "f");
    expect([config.perceiver?.depth, config.perceiver?.heads]).toEqual([2, 8]);
    expect([config.cross_attention.heads, config.cross_attention.dim_head]).toEqual([3, 64]);
    expect(config.language.rope_theta).toBe(5e5);
  });

  const visual = (change: object): object => ({ ...zephyr, visual: { ...zephyr.visual, ...change } });
  const language = (change: object): object => ({ ...zephyr, language: { ...zephyr.language, ...change } });
  it.each<[string, unknown, string]>([
    ["no object", null, "f: expected a JSON object, got null"],
    ["another model", { model_type: "llava" }, 'f: model_type is "llava"; this is the config of another model'],
    ["half a config", { model_type: "infimm-zephyr", visual: {} }, "f: language is missing"],
    ["a part that is a list", { ...zephyr, visual: [] }, "f: visual: expected a JSON object, got a list"],
    [
      "a missing field",
      language({ hidden_size: undefined }),
      "f: language.hidden_size is missing; expected a whole number above 0",
    ],
    [
      "a number as text",
      language({ hidden_size: "4096" }),
      'f: language.hidden_size must be a whole number above 0, got "4096"',
    ],
    ["a number for a flag", visual({ rope: 1 }), "f: visual.rope must be true or false, got 1"],
    ["no layers", visual({ layers: 0 }), "f: visual.layers must be a whole number above 0, got 0"],
    ["a misspelt field", visual({ imge_size: 224 }), "f: visual.imge_size is not a field of the vision tower"],
    ["layer scale", visual({ ls_init_value: 1e-5 }), "f: visual.ls_init_value is 0.00001; only null is implemented"],
    ["half of EVA L", visual({ subln: false }), "f: visual.subln must equal naiveswiglu"],
    ["a cut patch", visual({ image_size: 300 }), "f: visual.image_size 300 is not a multiple of patch_size 14"],
    ["a cut vision head", visual({ head_width: 60 }), "f: visual.head_width 60 does not divide width 1024"],
    [
      "a cut head",
      language({ num_attention_heads: 30 }),
      "f: language.num_attention_heads 30 does not divide hidden_size 4096",
    ],
    [
      "cut groups",
      language({ num_key_value_heads: 5 }),
      "f: language.num_key_value_heads 5 does not divide num_attention_heads 32",
    ],
    ["another head_dim", language({ head_dim: 64 }), "f: language.head_dim is 64; only 128"],
    ["scaled rope", language({ rope_scaling: { type: "linear" } }), "f: language.rope_scaling is an object; only null"],
    ["another language model", language({ model_type: "gpt2" }), 'f: language.model_type is "gpt2"'],
    [
      "a token outside",
      language({ vocab_size: 32000 }),
      "f: image_token_id is 32001, outside language.vocab_size 32000",
    ],
    ["one token for two", { ...zephyr, image_token_id: 32000 }, "f: image_token_id equals eoc_token_id"],
    [
      "a third gate",
      { ...zephyr, cross_attention: { gate: "matrix" } },
      'f: cross_attention.gate is "matrix"; expected "scalar" or "vector"',
    ],
  ])("refuses %s", (_, json, message) => {
    expect(() => parseConfig(json, "f")).toThrow(ConfigError);
    expect(() => parseConfig(json, "f")).toThrow(message);
  });
});
