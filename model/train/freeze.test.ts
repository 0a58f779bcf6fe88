import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../config/config.ts";
import { InfiMM } from "../infimm.ts";
import { weightDecayOf } from "./decay.ts";
import { EMBEDDING, learningOf, type Stage, trainedParameters } from "./freeze.ts";

function learning(set: string, stage: Stage) {
  const path = `golden/fixtures/${set}/config.json`;
  const model = new InfiMM(parseConfig(JSON.parse(readFileSync(path, "utf8")), path));
  const { patterns, rows } = learningOf(stage, model.config);
  return { model, rows, trained: trainedParameters(model, patterns) };
}

const isConnector = (name: string) => /\.perceiver\.|\.gated_cross_attn_layer\./.test(name);

test.each([
  ["tiny-zephyr", "pt"],
  ["tiny-vicuna", "mtt"],
  ["tiny-zephyr", "ift"],
  ["tiny-vicuna", "ift"],
  ["tiny-llama", "pt"],
] as const)("%s in %s: the connector and two rows of the embedding learn", (set, stage) => {
  const { model, rows, trained } = learning(set, stage);
  const expected = [...model.parameters().keys()].filter((name) => isConnector(name) || name === EMBEDDING);
  expect([...trained.keys()]).toEqual(expected);
  expect(rows).toEqual({ [EMBEDDING]: [40, 41] });
});

test("the instruction tuning of Llama trains its whole language model, never the tower", () => {
  const { model, rows, trained } = learning("tiny-llama", "ift");
  const expected = [...model.parameters().keys()].filter((name) => !name.includes(".vision_encoder."));
  expect([...trained.keys()]).toEqual(expected);
  expect(rows).toBeUndefined();
  expect(trained.has("model.lang_encoder.lm_head.weight")).toBe(true);
});

test("InfiMM-HD's first stage trains the cross-attention and the whole embedding", () => {
  const { rows, trained } = learning("tiny-hd", "pt");
  expect([...trained.keys()].filter((name) => !name.includes("gated_cross_attn"))).toEqual([EMBEDDING]);
  expect(rows).toBeUndefined();
});

test("OpenFlamingo decays the cross-attention with its norms and gates, and nothing else", () => {
  const { rows, trained } = learning("tiny-zephyr", "pt");
  const decay = weightDecayOf(trained, { rule: "open_flamingo", decay: 0.1, rows });
  const block = "model.lang_encoder.model.layers.1.gated_cross_attn_layer";
  for (const of of ["attn_gate", "ff_gate", "attn.norm.weight", "attn.norm.bias", "ff.1.weight"]) {
    expect(decay.get(`${block}.${of}`), of).toBe(0.1);
  }
  const others = [...decay].filter(([name]) => !name.includes("gated_cross_attn"));
  expect(others.every(([, of]) => of === 0)).toBe(true);
  expect(others.length).toBeGreaterThan(60);
});

test("transformers' Trainer decays all but biases and norms", () => {
  const { trained } = learning("tiny-llama", "ift");
  const decay = weightDecayOf(trained, { rule: "matrices", decay: 0.1 });
  const kept = [...decay].flatMap(([name, of]) => (of === 0 ? [name] : []));
  expect(kept.every((name) => /norm.*\.(weight|bias)$|\.bias$|\.[01]\.weight$/.test(name))).toBe(true);
  for (const name of ["model.perceiver.latents", EMBEDDING, "model.lang_encoder.lm_head.weight"]) {
    expect(decay.get(name)).toBe(0.1);
  }
  expect([...decay].filter(([name]) => name.endsWith("_gate")).every(([, of]) => of === 0.1)).toBe(true);
  expect(decay.get("model.lang_encoder.model.norm.weight")).toBe(0);
  expect(decay.get("model.perceiver.layers.0.1.0.weight")).toBe(0); // a norm, though its name does not say so
});

test("a rule that would shrink rows that do not learn is refused", () => {
  const { rows, trained } = learning("tiny-zephyr", "pt");
  for (const rule of ["matrices", "all"] as const) {
    expect(() => weightDecayOf(trained, { rule, decay: 0.1, rows })).toThrow(`"${rule}" decays ${EMBEDDING}`);
    expect(weightDecayOf(trained, { rule, decay: 0, rows }).get(EMBEDDING)).toBe(0);
  }
  expect(() => weightDecayOf(trained, { rule: "none" as "all", decay: 0.1 })).toThrow('got "none"');
});
