import { describe, expect, it } from "vitest";
import { type ExpectedTensor, explainMismatch, matchNames } from "./match.ts";
import { zephyrStateDict } from "../stateDict.fixture.ts";
import type { WeightFile } from "../weightFile.ts";

const list = zephyrStateDict();
const model = (): Map<string, ExpectedTensor> =>
  new Map(
    list
      .filter(({ alias }) => alias === undefined)
      .map(({ key, shape }) => [key, { shape, optional: key.includes(".rope.") }]),
  );

/** A file that lists these tensors and has no data. */
function fileOf(tensors: Iterable<{ key: string; shape: readonly number[] }>): WeightFile {
  return {
    path: "f",
    tensors: new Map([...tensors].map(({ key, shape }) => [key, { name: key, dtype: "BF16", shape }])),
    metadata: {},
    read: () => Promise.reject(new Error("no data")),
    close: async () => {},
  };
}

const explain = (tensors: Iterable<{ key: string; shape: readonly number[] }>): string | undefined =>
  explainMismatch(matchNames(model(), fileOf(tensors)), "ckpt");

describe("matchNames", () => {
  it("fits the checkpoint with all its aliases, with some, and without the tables", () => {
    for (const tensors of [
      list,
      list.filter(({ alias }) => alias === undefined),
      list.filter(({ key }) => !/model\.layers\.\d+\.|rope/.test(key)),
    ]) {
      const match = matchNames(model(), fileOf(tensors));
      expect([match.missing, match.unexpected, match.misshapen]).toEqual([[], [], []]);
      expect(explainMismatch(match, "ckpt")).toBeUndefined();
      expect([...match.found.values()].flat()).toHaveLength(tensors.length);
    }
  });

  it("checks the shape under each name", () => {
    const alias = "model.lang_encoder.old_decoder_blocks.0.input_layernorm.weight";
    const tensors = list.map((t) => (t.key === alias ? { ...t, shape: [1] } : t));
    expect(matchNames(model(), fileOf(tensors)).misshapen).toEqual([
      { name: list.find((t) => t.key === alias)!.alias, storedName: alias, expected: [4096], got: [1] },
    ]);
    expect(explain(tensors)).toContain(`(stored as ${alias}): the model has [4096], the file [1]`);
  });
});

describe("explainMismatch", () => {
  const without = (part: string) => list.filter(({ key }) => !key.includes(part));

  it("shows both sides of a misspelt name", () => {
    const text = explain(
      list.map((t) => (t.key === "model.perceiver.latents" ? { ...t, key: "model.perceiver.latent" } : t)),
    );
    expect(text).toContain(
      "1 in the model, not in the file:\n    model.perceiver.latents (like model.perceiver.latent?)",
    );
    expect(text).toContain(
      "1 in the file, not in the model:\n    model.perceiver.latent (like model.perceiver.latents?)",
    );
  });

  it("caps its lists, and escapes what a file calls its tensors", () => {
    const text = explain([...without("vision_encoder"), { key: "evil\u001b[2J\n", shape: [] }])!;
    expect(text.split("\n").length).toBeLessThan(20);
    expect(text).toMatch(/… and \d+ more/);
    expect(text).toContain("evil\\u001b[2J\\n");
  });

  it.each<[string, Iterable<{ key: string; shape: readonly number[] }>, string]>([
    [
      "another vocabulary",
      list.map((t) => (/embed_tokens|lm_head/.test(t.key) ? { ...t, shape: [32003, 4096] } : t)),
      "the vocabulary is 32003 in the file, and the config says 32002",
    ],
    [
      "an adapter beside its model",
      [...list, { key: "base_model.model.model.lang_encoder.lm_head.lora_A.default.weight", shape: [8, 4096] }],
      "a model with a PEFT adapter that is not merged",
    ],
    ["an adapter", [{ key: "base_model.model.lm_head.lora_B.weight", shape: [1] }], "a PEFT adapter by itself"],
    [
      "a part of FSDP's",
      [{ key: "_fsdp_wrapped_module._flat_param", shape: [99] }],
      "one rank's part of an FSDP model",
    ],
    ["what ZeRO-3 leaves", list.map((t) => ({ ...t, shape: [0] })), "gather them with zero_to_fp32.py"],
    [
      "weights with scales",
      [...list, { key: "model.lang_encoder.lm_head.weight_scale_inv", shape: [1] }],
      "to be multiplied by scales",
    ],
    ["InfiMM-HD", without(".perceiver."), "looks like an InfiMM-HD checkpoint"],
    [
      "vector gates",
      list.map((t) => (/_gate$/.test(t.key) ? { ...t, shape: [4096] } : t)),
      'set cross_attention.gate to "vector"',
    ],
    [
      "cross-attention every 4 layers",
      list.filter(({ key, alias }) => {
        const layer = /(?:layers|cross_attn_layers)\.(\d+)\.(?:gated|attn|ff)/.exec(alias ?? key)?.[1];
        return layer === undefined || Number(layer) % 4 === 3 || key.includes("perceiver");
      }),
      "cross_attn_every_n_layers looks like 4",
    ],
    [
      "a fused tower",
      [...without(".attn.q_proj."), { key: "model.vision_encoder.blocks.0.attn.qkv.weight", shape: [3072, 1024] }],
      "fused q, k, v (EVA g or E)",
    ],
    [
      "another image size",
      list.map((t) => (t.key.endsWith("pos_embed") ? { ...t, shape: [1, 257, 1024] } : t)),
      "sees 257 tokens, and visual.image_size of the config makes 577",
    ],
    [
      "a bare language model",
      [{ key: "model.layers.0.self_attn.q_proj.weight", shape: [1] }],
      "a language model by itself",
    ],
    ["a bare tower", [{ key: "visual.cls_token", shape: [1, 1, 1024] }], "the file has no language model"],
  ])("recognises %s", (_, tensors, hint) => {
    expect(explain(tensors)).toContain(hint);
  });

  it("stays quick for a file of a hundred thousand strange names", () => {
    const strange = Array.from({ length: 100_000 }, (_, i) => ({ key: `a.${i}.b.c.d.e.f.weight`, shape: [] }));
    const start = performance.now();
    expect(explain(strange)).toContain("100000 in the file, not in the model");
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
