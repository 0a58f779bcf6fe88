import { expect, test } from "vitest";
import { openGoldenSet } from "../../golden/load.ts";
import { trace } from "../../nn/trace.ts";
import { memory } from "../../tensor/index.ts";
import { attentionMaps } from "./attentionMaps.ts";
import { modelInputs } from "../inputs.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";

async function mapsOf(folder: string, name: string) {
  const [set, model] = await Promise.all([openGoldenSet(folder), loadPretrained(folder)]);
  const prompts = set.cases.find((one) => one.name === name)!.prompts();
  const before = memory();
  const inputs = modelInputs(prompts);
  const maps = await attentionMaps(model, inputs);
  for (const t of Object.values(inputs)) t.dispose();
  expect(memory().bytes).toBe(before.bytes + maps.size * 4);
  return { maps, data: await maps.data(), model, prompts };
}

test("each token looks at the picture before it, and its look is shared out among the patches and CLS", async () => {
  const { maps, data, model, prompts } = await mapsOf("golden/fixtures/tiny-zephyr", "interleaved");
  const [b, m, t, h, w] = maps.shape;
  expect([b, h]).toEqual([1, w]);
  let [time, seen] = [0, 0];
  for (const [i, id] of Array.from(prompts.inputIds[0]).entries()) {
    if (id === model.config.image_token_id) time++;
    for (let picture = 0; picture < m; picture++) {
      const at = (picture * t + i) * h * w;
      const share = Array.from(data.slice(at, at + h * w)).reduce((sum, x) => sum + x, 0);
      if (picture + 1 !== time) expect(share).toBe(0);
      else {
        seen++;
        expect(share).toBeGreaterThan(0.3);
        expect(share).toBeLessThan(1 + 1e-6);
      }
    }
  }
  expect(seen).toBeGreaterThan(0);
});

test("without a resampler, it is the cross-attention itself", async () => {
  const { maps, data, model, prompts } = await mapsOf("golden/fixtures/tiny-hd", "one_image");
  const { acts } = trace(model, modelInputs(prompts), { keep: ["**.gated_cross_attn_layer.attn:attn"] });
  const [, , t, h, w] = maps.shape;
  const expected = new Float64Array(t * h * w);
  let open = 0;
  for (const [path, attn] of acts) {
    const block = path.replace(/\.attn:attn$/, ".attn_gate");
    const gate = Array.from(await model.stateDict().get(block)!.data(), (x) => Math.abs(Math.tanh(x)));
    const weight = gate.reduce((sum, x) => sum + x, 0) / gate.length;
    open += weight;
    const [, heads, , tokens] = attn.shape;
    const values = await attn.data();
    for (let i = 0; i < heads * t; i++) {
      for (let p = 0; p < h * w; p++) expected[(i % t) * h * w + p] += (weight / heads) * values[i * tokens + 1 + p];
    }
  }
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value / open, 6);
});
