import { describe, expect, it } from "vitest";
import { crossAttentionLayers, type InfiMMConfig, parseConfig } from "./config.ts";
import { ConfigError } from "./configFields.ts";
import { contextLength } from "./languageConfig.ts";
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

  it("takes the language models that transformers has, with its defaults", () => {
    const small = {
      hidden_size: 64,
      intermediate_size: 8,
      num_hidden_layers: 3,
      num_attention_heads: 32,
      vocab_size: 8,
    };
    const parsed = (fields: object) =>
      parseConfig({ ...zephyr, image_token_id: 7, eoc_token_id: 6, language: { ...small, ...fields } }, "f").language;
    const { model_type: _, ...llama } = parsed({ model_type: "llama" });
    expect(llama).toEqual({
      ...small,
      num_key_value_heads: 32,
      head_dim: 2,
      hidden_act: "silu",
      qkv_bias: false,
      o_bias: false,
      mlp_bias: false,
      qk_norm: false,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
      rms_norm_eps: 1e-6,
      rope_theta: 10000,
      rope_scaling: null,
      sliding_window: null,
      layer_types: ["full_attention", "full_attention", "full_attention"],
      initializer_range: 0.02,
      bos_token_id: 1,
      eos_token_ids: [2],
      pad_token_id: null,
    });
    const sliding = (n: number) =>
      Array.from({ length: 3 }, (_, i) => (i < 3 - n ? "full_attention" : "sliding_attention"));
    expect(parsed({ model_type: "mistral" })).toMatchObject({
      num_key_value_heads: 8,
      max_position_embeddings: 131072,
      sliding_window: 4096,
      layer_types: sliding(3),
    });
    expect(parsed({ model_type: "mistral", sliding_window: null })).toMatchObject({
      sliding_window: null,
      layer_types: sliding(0),
    });
    expect(parsed({ model_type: "qwen2" })).toMatchObject({
      num_key_value_heads: 32,
      max_position_embeddings: 32768,
      sliding_window: null,
      qkv_bias: true,
      o_bias: false,
      bos_token_id: null,
      eos_token_ids: [],
    });
    expect(parsed({ model_type: "qwen3", attention_bias: true })).toMatchObject({
      head_dim: 128,
      qkv_bias: true,
      o_bias: true,
      qk_norm: true,
    });
    expect(parsed({ model_type: "qwen3", use_sliding_window: true, max_window_layers: 2 })).toMatchObject({
      sliding_window: 4096,
      layer_types: sliding(1),
    });
    expect(
      parsed({ model_type: "qwen2", use_sliding_window: true, sliding_window: 3, layer_types: sliding(2) }),
    ).toMatchObject({ sliding_window: 3, layer_types: sliding(2) });
    expect(
      parsed({
        model_type: "llama",
        num_key_value_heads: null,
        head_dim: null,
        eos_token_id: [3, 4],
        attention_bias: true,
        mlp_bias: true,
      }),
    ).toMatchObject({ num_key_value_heads: 32, head_dim: 2, eos_token_ids: [3, 4], o_bias: true, mlp_bias: true });
  });

  it("reads rope scaling in both spellings, and counts the positions that it makes", () => {
    const rope = (fields: object) => {
      const { language } = parseConfig(
        { ...zephyr, language: { ...zephyr.language, rope_theta: 5, max_position_embeddings: 100, ...fields } },
        "f",
      );
      return [language.rope_theta, language.rope_scaling, contextLength(language)];
    };
    const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    expect(rope({ rope_scaling: { type: "linear", factor: 2.5 } })).toEqual([
      5,
      { rope_type: "linear", factor: 2.5 },
      250,
    ]);
    expect(rope({ rope_parameters: { rope_type: "dynamic", factor: 2, rope_theta: 7 } })).toEqual([
      7,
      { rope_type: "dynamic", factor: 2 },
      200,
    ]);
    expect(rope({ rope_scaling: null, rope_parameters: { rope_type: "default" } })).toEqual([5, null, 100]);
    expect(
      rope({ rope_scaling: { rope_type: "llama3", type: "linear", ...llama3, original_max_position_embeddings: 50 } }),
    ).toEqual([5, { rope_type: "llama3", ...llama3, original_max_position_embeddings: 50 }, 100]);
    expect(rope({ rope_scaling: { rope_type: "llama3", ...llama3 } })[1]).toMatchObject({
      original_max_position_embeddings: 100,
    });
    const yarn = {
      rope_type: "yarn",
      factor: 4,
      beta_fast: 32,
      beta_slow: 1,
      truncate: true,
      original_max_position_embeddings: 50,
    };
    const stored = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 50 };
    expect(rope({ rope_scaling: stored })).toEqual([5, { ...yarn, attention_factor: 0.1 * Math.log(4) + 1 }, 200]);
    expect(rope({ rope_scaling: { ...stored, factor: null } })[1]).toMatchObject({ factor: 2 });
    const scales = { mscale: 0.7, mscale_all_dim: 0.5 };
    expect(rope({ rope_scaling: { ...stored, ...scales } })[1]).toMatchObject({
      attention_factor: (0.07 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1),
    });
    expect(rope({ rope_scaling: { ...stored, ...scales, attention_factor: 0.9 } })[1]).toMatchObject({
      attention_factor: 0.9,
    });
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
    ["an odd head_dim", language({ head_dim: 7 }), "f: language.head_dim makes heads of 7 channels"],
    [
      "half of a scaled rope",
      language({ rope_scaling: { type: "linear" } }),
      "f: language.rope_scaling.factor is missing",
    ],
    [
      "another scaled rope",
      language({ rope_scaling: { rope_type: "longrope", factor: 4 } }),
      'f: language.rope_scaling.rope_type is "longrope"; implemented are default, linear',
    ],
    [
      "a part of a rope",
      language({ rope_parameters: { partial_rotary_factor: 0.5 } }),
      "f: language.rope_parameters.partial_rotary_factor is 0.5; only null or 1",
    ],
    [
      "an unknown rope",
      language({ rope_scaling: { type: "default", mrope_section: [16] } }),
      "f: language.rope_scaling.mrope_section is not known",
    ],
    [
      "llama3 upside down",
      language({ rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 1 } }),
      "f: language.rope_scaling.high_freq_factor 1 is not above low_freq_factor 4",
    ],
    [
      "another activation",
      language({ hidden_act: "quick_gelu" }),
      'f: language.hidden_act is "quick_gelu"; implemented are silu',
    ],
    ["biases that Mistral has not", language({ attention_bias: true }), "f: language.attention_bias is true"],
    ["biases of an MLP that Mistral has not", language({ mlp_bias: true }), "f: language.mlp_bias is true"],
    [
      "a quantised language model",
      language({ quantization_config: { bits: 4 } }),
      "f: language.quantization_config is given",
    ],
    [
      "Mistral by layers",
      language({ layer_types: new Array(32).fill("full_attention") }),
      'f: language.layer_types differs from what transformers computes for model_type "mistral"',
    ],
    [
      "layers of another kind",
      language({ layer_types: ["chunked_attention"] }),
      'f: language.layer_types has "chunked_attention"',
    ],
    [
      "too few layer types",
      language({ model_type: "qwen2", layer_types: ["full_attention"] }),
      "f: language.layer_types has 1 entries for num_hidden_layers 32",
    ],
    [
      "windows without a width",
      language({ model_type: "qwen3", layer_types: new Array(32).fill("sliding_attention") }),
      "f: language.layer_types has sliding_attention, and there is no sliding_window",
    ],
    [
      "an end that is none",
      language({ eos_token_id: [2, "</s>"] }),
      'f: language.eos_token_id must be a whole number, 0 or more, got "</s>"',
    ],
    ["an end outside", language({ eos_token_id: [2, 40000] }), "f: eos_token_id is 40000, outside"],
    ["rope without sub-LN", visual({ subln: false, naiveswiglu: false }), "f: visual.rope must equal subln"],
    ["sub-LN without rope", visual({ rope: false }), "f: visual.rope must equal subln"],
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
