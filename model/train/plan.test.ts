import { expect, test } from "vitest";
import { configOf } from "../config/variants.ts";
import { InfiMM } from "../infimm.ts";
import { type Plan, planOf, planText } from "./plan.ts";
import { presetOf, type Recipe } from "./presets/presets.ts";
import { withLora } from "./training.ts";

const { recipe } = presetOf("pt-7b");
const zephyr = (changes: Partial<Recipe> = {}): Plan =>
  planOf(new InfiMM(configOf("infimm-zephyr")), { ...recipe, micro_batch: 1, accumulation: 2, batch: 64, ...changes });

test("the card's pretraining is planned from shapes: what learns, bytes, operations", () => {
  const plan = zephyr();
  const learnt = 63_019_008 + 2_231_631_904 + 131_080_192;
  expect(plan).toMatchObject({ microSteps: 64, moments: 8 * learnt, masters: 4 * learnt, gradients: 8 * learnt });
  expect(plan.weights).toBeLessThan(2.01 * 9_840_832_224); // bf16; rotary tables are not
  expect(plan.updateFlops / 64 / plan.forwardFlops).toBeGreaterThan(1.5); // back through the frozen layers, not their weights
  const text = planText(plan);
  expect(text).toMatch(/cross-attention +2,231,631,904/);
  expect(text).toMatch(/activations +\d+/);
});

test("f32 has no masters, and checkpointed modules keep little for more operations", () => {
  const [plain, lean] = [
    zephyr({ precision: "f32" }),
    zephyr({ precision: "f32", gradient_checkpointing: ["**.layers.*"] }),
  ];
  expect([plain.masters, lean.weights]).toEqual([0, plain.weights]);
  expect(lean.activations).toBeLessThan(plain.activations / 10);
  expect(lean.updateFlops).toBeGreaterThan(1.1 * plain.updateFlops);
});

test("of LoRA only the parts of low rank learn", () => {
  const model = new InfiMM(configOf("infimm-zephyr"));
  const learning = withLora(model, { pattern: "model.lang_encoder.**.self_attn.q_proj", rank: 4 }, 1);
  const plan = planOf(model, recipe, learning);
  expect(plan.moments).toBe(8 * 32 * 4 * (4096 + 4096));
});
