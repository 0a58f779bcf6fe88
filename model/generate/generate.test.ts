import fc from "fast-check";
import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { memory } from "../../tensor/index.ts";
import { configOf } from "../config/variants.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import { generate, generateSteps } from "./generate.ts";
import { optionsFromGenerationConfig } from "./generationConfig.ts";
import { completeOptions, type GenerateOptions } from "./options.ts";
import { A, B, C, IMAGE, prompts } from "./prompts.fixture.ts";
import { drawToken, filterLogits } from "./sampling.ts";

const folder = "golden/fixtures/tiny-zephyr";

const model = await loadPretrained(folder);

/** Everything that changes which tokens come, in all combinations that are allowed. */
const anyOptions: fc.Arbitrary<GenerateOptions> = fc
  .record({
    maxNewTokens: fc.integer({ min: 1, max: 5 }),
    eosTokenIds: fc.constantFrom([], [2], [19, 37]),
    early: fc.boolean(),
    way: fc.constantFrom("greedy", "sampling", "beams"),
    temperature: fc.constantFrom(0.7, 1, 2),
    topK: fc.constantFrom(0, 5),
    topP: fc.constantFrom(0.8, 1),
    seed: fc.nat(1000),
    several: fc.integer({ min: 1, max: 3 }),
    lengthPenalty: fc.constantFrom(-1, 0, 1),
    earlyStopping: fc.constantFrom<(boolean | "never")[]>(false, true, "never"),
    repetitionPenalty: fc.constantFrom(1, 1.4),
    noRepeatNgramSize: fc.constantFrom(0, 1, 2),
    stopAt: fc.constantFrom(-1, 13, 36),
    biased: fc.boolean(),
  })
  .map(({ early, way, temperature, topK, topP, several, stopAt, biased, ...rest }) => ({
    ...rest,
    minNewTokens: early ? 0 : Math.min(3, rest.maxNewTokens),
    sampling: way === "sampling" ? { temperature, topK, topP } : null,
    beams: way === "beams" ? several + 1 : 1,
    numReturnSequences: way === "greedy" ? 1 : several,
    stop: (ids: readonly number[]) => ids.at(-1) === stopAt,
    processors: biased ? [(scores: Float32Array, ids: readonly number[]) => void (scores[ids.length % 40] += 2)] : [],
  }));

test("whatever the options, a batch gives what each of its prompts gives alone", async () => {
  await fc.assert(
    fc.asyncProperty(anyOptions, async (options) => {
      const together = await generate(model, prompts([A, B, C]), options);
      const alone: number[][] = [];
      for (const row of [A, B, C]) alone.push(...(await generate(model, prompts([row]), options)));
      for (const [i, row] of alone.entries()) expect(together[i].slice(0, row.length)).toEqual(row);
    }),
    { numRuns: 12, seed: 4 }, // near ties of two tokens would be broken by rounding: the draws are always the same
  );
});

test("whatever the options, the cache changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(anyOptions, async (options) => {
      const cached = await generate(model, prompts([C, A]), options);
      expect(await generate(model, prompts([C, A]), { ...options, useCache: false })).toEqual(cached);
    }),
    { numRuns: 12, seed: 5 },
  );
});

test("generation leaves nothing behind, also when it is broken off", async () => {
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
  const free = await generate(model, prompts([A, B]), { maxNewTokens: 5, eosTokenIds: [] });
  const eos = free[0][0];
  const rows = await generate(model, prompts([A, B]), { maxNewTokens: 5, eosTokenIds: [eos] });
  expect(rows[0].slice(0, 2)).toEqual(rows[0].length > 1 ? [eos, 2] : [eos]);
  const late = await generate(model, prompts([A]), { maxNewTokens: 5, minNewTokens: 3, eosTokenIds: [eos] });
  expect(late[0].slice(0, 3)).not.toContain(eos);
});

test("the same seed draws the same tokens, another seed others", async () => {
  const draw = (seed: number) =>
    generate(model, prompts([A]), { maxNewTokens: 12, eosTokenIds: [], sampling: { temperature: 1.5 }, seed });
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test("<image> is never generated unless the original's behaviour is asked for", async () => {
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
    "maxNewTokens must be a whole number, 1 or more, got 0",
  );
  expect(() => completeOptions({ sampling: { temperature: -1 } }, config)).toThrow("temperature");
  expect(() => completeOptions({ sampling: { topP: 1.5 } }, config)).toThrow("topP");
  expect(completeOptions({}, config).eosTokenIds).toEqual([2]);
  expect(completeOptions({}, configOf("infimm-hd-stage1-13b")).eosTokenIds).toEqual([32000]);
  expect(optionsFromGenerationConfig({ do_sample: true, top_k: 0, top_p: 0.5, max_new_tokens: 512 })).toEqual({
    maxNewTokens: 512,
    sampling: { temperature: 1, topK: 0, topP: 0.5 },
  });
});

test("penalties and processors", async () => {
  const [free] = await generate(model, prompts([A]), { maxNewTokens: 8, eosTokenIds: [] });
  const [once] = await generate(model, prompts([A]), { maxNewTokens: 8, eosTokenIds: [], noRepeatNgramSize: 1 });
  expect(new Set([...A, ...once]).size).toBe(A.length + once.length);
  expect(new Set(free).size).toBeLessThan(free.length);
  const only17 = (scores: Float32Array) => void scores.fill(-Infinity, 0, 17).fill(-Infinity, 18);
  const [row] = await generate(model, prompts([A]), { maxNewTokens: 3, processors: [only17] });
  expect(row).toEqual([17, 17, 17]);
  const nothing = { processors: [(scores: Float32Array) => void scores.fill(-Infinity)] };
  await expect(generate(model, prompts([A]), nothing)).rejects.toThrow("all tokens are forbidden");
  await expect(generate(model, prompts([A]), { ...nothing, sampling: {} })).rejects.toThrow("all tokens are forbidden");
  await expect(generate(model, prompts([A]), { ...nothing, beams: 2 })).rejects.toThrow("too few tokens");
  const broken = { processors: [(scores: Float32Array) => void scores.fill(NaN)] };
  await expect(generate(model, prompts([A]), broken)).rejects.toThrow("NaN");
});

test("a text ends where the positions end, and a prompt beyond them is refused", async () => {
  const { max_position_embeddings } = model.config.language;
  const long = (count: number) => prompts([new Array(count).fill(5)]);
  const [row] = await generate(model, long(max_position_embeddings - 1), { maxNewTokens: 9, eosTokenIds: [] });
  expect(row).toHaveLength(2);
  const beams = { maxNewTokens: 9, eosTokenIds: [], beams: 2 };
  expect((await generate(model, long(max_position_embeddings - 1), beams))[0]).toHaveLength(2);
  await expect(generate(model, long(max_position_embeddings + 1))).rejects.toThrow(
    `the prompt has ${max_position_embeddings + 1} tokens, but the model knows only ${max_position_embeddings} positions`,
  );
});
