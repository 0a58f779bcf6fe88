import fc from "fast-check";
import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { memory } from "../../tensor/index.ts";
import { configOf } from "../variants.ts";
import { loadPretrained } from "../pretrained.ts";
import { generate, generateSteps } from "./generate.ts";
import { completeOptions, optionsFromGenerationConfig } from "./options.ts";
import { drawToken, filterLogits } from "./sampling.ts";

const folder = "golden/fixtures/tiny-zephyr";
const IMAGE = 41;
const S = 42;

/** A prompt of `rows`, each with as many pictures as it has `<image>` tokens, padded on the left. */
function prompts(rows: readonly (readonly number[])[]) {
  const width = Math.max(...rows.map((row) => row.length));
  const pictures = Math.max(1, ...rows.map((row) => row.filter((id) => id === IMAGE).length));
  const size = 3 * S * S;
  const pixelValues = new Float32Array(rows.length * pictures * size);
  rows.forEach((row, b) => {
    const count = row.filter((id) => id === IMAGE).length;
    for (let i = 0; i < count * size; i++) pixelValues[b * pictures * size + i] = Math.sin(i * 0.01);
  });
  const pad = (row: readonly number[], filler: number) => [...new Array(width - row.length).fill(filler), ...row];
  return {
    inputIds: rows.map((row) => pad(row, 2)),
    attentionMask: rows.map((row) =>
      pad(
        row.map(() => 1),
        0,
      ),
    ),
    pixelValues,
    pixelShape: [rows.length, pictures, 1, 3, S, S],
  };
}

const A = [1, 40, IMAGE, 5, 6, 7];
const B = [1, 8];
const C = [1, 5, 40, IMAGE, 9, 40, IMAGE, 10, 11];

test("a batch answers as each of its prompts alone", async () => {
  const model = await loadPretrained(folder);
  const options = { maxNewTokens: 8, eosTokenIds: [] };
  const together = await generate(model, prompts([A, B, C]), options);
  for (const [i, row] of [A, B, C].entries())
    expect(together[i]).toEqual((await generate(model, prompts([row]), options))[0]);
});

test("cached decoding is running everything again", async () => {
  const model = await loadPretrained(folder);
  const [cached] = await generate(model, prompts([C]), { maxNewTokens: 6, eosTokenIds: [] });
  const again: number[] = [];
  for (let i = 0; i < 6; i++) {
    const [[next]] = await generate(model, prompts([[...C, ...again]]), { maxNewTokens: 1, eosTokenIds: [] });
    again.push(next);
  }
  expect(cached).toEqual(again);
});

test("generation leaves nothing behind, also when it is broken off", async () => {
  const model = await loadPretrained(folder);
  const before = memory();
  await generate(model, prompts([A]), { maxNewTokens: 4 });
  expect(memory()).toEqual(before);
  for await (const _ of generateSteps(model, prompts([A]), { maxNewTokens: 9, eosTokenIds: [] })) break;
  expect(memory()).toEqual(before);
  const aborted = generate(model, prompts([A]), { signal: AbortSignal.abort(new Error("enough")) });
  await expect(aborted).rejects.toThrow("enough");
  expect(memory()).toEqual(before);
});

test("rows that have ended are filled with padding; minNewTokens puts the end off", async () => {
  const model = await loadPretrained(folder);
  const free = await generate(model, prompts([A, B]), { maxNewTokens: 5, eosTokenIds: [] });
  const eos = free[0][0];
  const rows = await generate(model, prompts([A, B]), { maxNewTokens: 5, eosTokenIds: [eos] });
  expect(rows[0].slice(0, 2)).toEqual(rows[0].length > 1 ? [eos, 2] : [eos]);
  const late = await generate(model, prompts([A]), { maxNewTokens: 5, minNewTokens: 3, eosTokenIds: [eos] });
  expect(late[0].slice(0, 3)).not.toContain(eos);
});

test("the same seed draws the same tokens, another seed others", async () => {
  const model = await loadPretrained(folder);
  const draw = (seed: number) =>
    generate(model, prompts([A]), { maxNewTokens: 12, eosTokenIds: [], sampling: { temperature: 1.5 }, seed });
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test("<image> is never generated unless the original's behaviour is asked for", async () => {
  const model = await loadPretrained(folder);
  const hot = { maxNewTokens: 40, eosTokenIds: [], sampling: { temperature: 50 }, seed: 3 };
  expect((await generate(model, prompts([A]), hot))[0]).not.toContain(IMAGE);
  expect((await generate(model, prompts([A]), { ...hot, imageToken: "emulate" }))[0].length).toBe(40);
});

test("filters keep what transformers keeps", () => {
  const logits = Float32Array.of(0, 1, 2, 3);
  const left = (sampling: object) =>
    [...filterLogits(logits, sampling).keys()].filter((i) => filterLogits(logits, sampling)[i] > -Infinity);
  expect(left({})).toEqual([0, 1, 2, 3]);
  expect(left({ topK: 2 })).toEqual([2, 3]);
  expect(left({ topP: 0.6 })).toEqual([3]); // 0.644 alone is enough
  expect(left({ topP: 0.7 })).toEqual([2, 3]);
  expect(left({ topP: 1e-9 })).toEqual([3]);
  expect([...filterLogits(logits, { temperature: 2 })]).toEqual([0, 0.5, 1, 1.5]);
});

test("drawing follows the probabilities and never takes what was dropped", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 9 }),
      (seed, logits) => {
        const scores = Float64Array.from(logits);
        scores[0] = Number.NEGATIVE_INFINITY;
        expect(drawToken(scores, new Generator(seed))).toBeGreaterThan(0);
      },
    ),
  );
  const generator = new Generator(7);
  const counts = [0, 0];
  for (let i = 0; i < 4000; i++) counts[drawToken(Float64Array.of(Math.log(0.2), Math.log(0.8)), generator)]++;
  expect(counts[0] / 4000).toBeCloseTo(0.2, 1);
});

test("options are checked, and generation_config.json can be read", () => {
  const config = configOf("infimm-zephyr");
  expect(() => completeOptions({ maxNewTokens: 0 }, config)).toThrow(
    "maxNewTokens must be a whole number above 0, got 0",
  );
  expect(() => completeOptions({ sampling: { temperature: 0 } }, config)).toThrow("temperature");
  expect(() => completeOptions({ sampling: { topP: 1.5 } }, config)).toThrow("topP");
  expect(completeOptions({}, config).eosTokenIds).toEqual([2]);
  expect(completeOptions({}, configOf("infimm-hd-stage1-13b")).eosTokenIds).toEqual([32000]);
  expect(optionsFromGenerationConfig({ do_sample: true, top_k: 0, top_p: 0.5, max_new_tokens: 512 })).toEqual({
    maxNewTokens: 512,
    sampling: { temperature: 1, topK: 0, topP: 0.5 },
  });
});
