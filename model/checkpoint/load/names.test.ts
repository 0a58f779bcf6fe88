import { describe, expect, it } from "vitest";
import { canonicalName, groupNames } from "./names.ts";
import { nearestNames } from "./nearestNames.ts";
import { zephyrStateDict } from "../stateDict.fixture.ts";

const list = zephyrStateDict();

describe("canonicalName", () => {
  it("lists the checkpoint as the original does: 1,562 keys, of 1,050 tensors, 512 aliases", () => {
    const aliases = list.filter(({ alias }) => alias !== undefined);
    expect([list.length, list.length - aliases.length, aliases.length]).toEqual([1562, 1050, 512]);
    expect(new Set(list.map(({ key }) => key)).size).toBe(1562);
  });

  it.each<[string, (key: string) => string]>([
    ["as stored", (key) => key],
    ["saved by DeepSpeed or DDP", (key) => `module.${key}`],
    ["compiled", (key) => `_orig_mod.${key}`],
    ["compiled inside", (key) => key.replace(/^model\./, "model._orig_mod.")],
    ["saved by FSDP", (key) => `_fsdp_wrapped_module.${key.replace(/\.(\d+)\./, ".$1._fsdp_wrapped_module.")}`],
    ["checkpointed", (key) => key.replace(/\.(\d+)\./, ".$1._checkpoint_wrapped_module.")],
    ["saved from Lightning", (key) => `model.${key}`],
    ["saved from Lightning, by DeepSpeed", (key) => `_forward_module.model.${key}`],
    ["of a model that PEFT wraps", (key) => `base_model.model.${key}`],
    ["of its adapted layers", (key) => `base_model.model.${key.replace(/\.weight$/, ".base_layer.weight")}`],
    ["wrapped inside", (key) => key.replace(/\.(\d+)\./, ".$1.module.")],
    ["saved from the inner class", (key) => key.replace(/^model\./, "")],
    ["saved from the inner class and wrapped", (key) => key.replace(/^model\./, "module.")],
  ])("finds every tensor %s", (_, rename) => {
    for (const { key, alias } of list) expect(canonicalName(rename(key))).toBe(alias ?? key);
  });

  it("knows an EVA-CLIP source file, and drops its text half", () => {
    expect(canonicalName("visual.cls_token")).toBe("model.vision_encoder.cls_token");
    expect(canonicalName("visual.blocks.3.attn.rope.freqs_cos")).toBe("model.vision_encoder.rope.freqs_cos");
    for (const key of ["text.ln_final.weight", "logit_scale", "token_embedding.weight"])
      expect(canonicalName(key)).toBeNull();
  });

  it("drops computed tables, and leaves strange names alone", () => {
    expect(canonicalName("model.lang_encoder.model.layers.0.decoder_layer.self_attn.rotary_emb.inv_freq")).toBeNull();
    for (const key of ["", "module", "a._orig_mod", "__proto__", "model.projector.weight", "lm_head.weight"])
      expect(canonicalName(key)).toBe(key);
  });
});

describe("groupNames", () => {
  it("gathers all names of a tensor", () => {
    const { groups, ignored } = groupNames([...list.map(({ key }) => key), "logit_scale"]);
    expect(groups.size).toBe(1050);
    expect(ignored).toEqual(["logit_scale"]);
    expect(groups.get("model.vision_encoder.rope.freqs_sin")).toHaveLength(25);
    expect(groups.get("model.lang_encoder.model.layers.1.gated_cross_attn_layer.ff_gate")).toEqual([
      "model.lang_encoder.model.layers.1.gated_cross_attn_layer.ff_gate",
      "model.lang_encoder.gated_cross_attn_layers.1.ff_gate",
    ]);
  });
});

describe("nearestNames", () => {
  const keys = list.map(({ key }) => key);
  it("finds what a slip of the pen meant", () => {
    expect(nearestNames("model.perceiver.latent", keys, 1)).toEqual(["model.perceiver.latents"]);
    expect(nearestNames("model.vision_encoder.blocks.7.attn.q_porj.weight", keys, 1)).toEqual([
      "model.vision_encoder.blocks.7.attn.q_proj.weight",
    ]);
    expect(nearestNames("perceiver.layers.2.0.to_q.weight", keys, 1)).toEqual([
      "model.perceiver.layers.2.0.to_q.weight",
    ]);
  });

  it("says nothing rather than nonsense", () => {
    expect(nearestNames("optimizer", keys, 3)).toEqual([]);
    expect(nearestNames("a.b.c", [], 3)).toEqual([]);
  });
});
