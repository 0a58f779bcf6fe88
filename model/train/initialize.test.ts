import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { patch } from "../../nn/patch.ts";
import { fromData, type Tensor } from "../../tensor/index.ts";
import { parseConfig } from "../config/config.ts";
import { InfiMM } from "../infimm.ts";
import { initializeInfiMM } from "./initialize.ts";

function fresh(set: string): InfiMM {
  const path = `golden/fixtures/${set}/config.json`;
  const model = new InfiMM(parseConfig(JSON.parse(readFileSync(path, "utf8")), path));
  initializeInfiMM(model, new Generator(1));
  return model;
}

async function std(t: Tensor): Promise<number> {
  const values = Array.from(await t.data());
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}

test.each(["tiny-zephyr", "tiny-llama", "tiny-vicuna", "tiny-hd"])(
  "%s: every tensor has its distribution",
  async (set) => {
    const model = fresh(set);
    const state = model.stateDict();
    const spread = (path: string) => std(state.get(path)!);
    const block = "model.vision_encoder.blocks.1";
    expect(await spread(`${block}.norm1.weight`)).toBe(1);
    expect(await spread(`${block}.attn.proj.weight`)).toBeCloseTo(0.02 / 2, 2.5);
    expect(await spread(`${block}.attn.q_bias`)).toBe(0);
    expect(await spread("model.vision_encoder.head.weight")).toBeLessThan(0.0001);
    expect(await spread("model.lang_encoder.lm_head.weight")).toBeCloseTo(0.02, 2.5);
    if (model.model.perceiver) expect(await spread("model.perceiver.latents")).toBeCloseTo(1, 0);
    for (const [path, tensor] of state) if (path.endsWith("_gate")) expect(await std(tensor), path).toBe(0);
  },
);

test("with its gates at 0 a fresh model is its language model: pictures change nothing", async () => {
  const model = fresh("tiny-zephyr");
  const inputIds = fromData(Int32Array.of(1, 40, 41, 5, 6), [1, 5]);
  const seen = (value: number) => ({
    inputIds,
    pixelValues: fromData(new Float32Array(3 * 42 * 42).fill(value), [1, 1, 1, 3, 42, 42]),
  });
  expect(await model.call(seen(1)).data()).toEqual(await model.call(seen(-2)).data());
  const blind = patch(model, { "**.gated_cross_attn_layer.attn": (y) => y.zerosLike() }, () => model.call(seen(1)));
  expect(await blind.data()).toEqual(await model.call(seen(1)).data());
});
