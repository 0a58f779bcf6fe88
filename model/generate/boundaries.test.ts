import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { fromData, getBackend, ones, type Tensor } from "../../tensor/index.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import type { Inputs } from "../flamingo.ts";
import { causalBias } from "../language/causalBias.ts";
import { Processor } from "../processor/processor.ts";
import { AnswerText, stopAt, written } from "./answerText.ts";
import { beamSearch } from "./beam.ts";
import { drawable } from "./drawable.ts";
import { generate } from "./generate.ts";
import { noRepeatNgram, repetitionPenalty } from "./logitsProcessors.ts";
import { type GenerateOptions, completeOptions, processorsOf } from "./options.ts";
import { A, B, IMAGE, prompts } from "./prompts.fixture.ts";
import { drawToken, filterLogits, likeliest } from "./sampling.ts";

/** Where `<` and `<=`, first and last differ. What transformers chooses there, beyond this file: golden.test.ts. */
const model = await loadPretrained("golden/fixtures/tiny-zephyr");
const VOCAB = model.config.language.vocab_size;

/** Run `fn` while the model says what a table says: the scores of the token after each token. Its inputs, step by step. */
async function saying<T>(
  next: (token: number) => number[],
  fn: () => Promise<T>,
): Promise<{ value: T; seen: Inputs[] }> {
  const seen: Inputs[] = [];
  const forward = model.forward;
  model.forward = (inputs: Inputs): Tensor => {
    seen.push(inputs);
    model.model.lang_encoder.call(inputs, { features: inputs.features!, ...inputs.places!, cache: inputs.cache }); // fills the cache
    const ids = inputs.inputIds.select(1, -1).dataSync();
    const rows = Array.from(ids, (id) => Array.from({ length: VOCAB }, (_, i) => next(id)[i] ?? -30));
    return fromData(Float32Array.from(rows.flat()), [rows.length, 1, VOCAB]);
  };
  try {
    return { value: await fn(), seen };
  } finally {
    model.forward = forward;
  }
}

test.each([1, 2, 3, 7])("of a window of %i keys a query sees its own and those just before", (window) => {
  for (const [queries, keys] of [[5, 5], [1, 5], [2, 6]]) {
    const bias = causalBias(ones([1]), { queries, keys, window, attentionMask: null });
    const seen = Array.from(bias.dataSync(), (x, i) => [i % keys, x === 0]).filter(([, open]) => open);
    const wanted = Array.from({ length: queries }, (_, i) => keys - queries + i).flatMap((query) =>
      Array.from({ length: keys }, (_, key) => key).filter((key) => key <= query && key > query - window),
    );
    expect(seen.map(([key]) => key)).toEqual(wanted);
  }
}); // biome-ignore format: sizes

test("positions count real tokens, in the prompt and after it; padding has 1, as in transformers", async () => {
  for (const useCache of [true, false]) {
    const options = { maxNewTokens: 3, eosTokenIds: [], useCache };
    const { seen } = await saying(() => [0, 0, 0, 0, 1], () => generate(model, prompts([A, B]), options)); // biome-ignore format: short
    const positions = seen.map(({ positions }) => positions!.map((row) => Array.from(row)));
    expect(positions[0]).toEqual([[0, 1, 2, 3, 4, 5], [1, 1, 1, 1, 0, 1]]); // biome-ignore format: rows
    expect(positions[1].map((row) => row.at(-1))).toEqual([6, 2]);
    expect(positions[2].map((row) => row.at(-1))).toEqual([7, 3]);
    expect(positions[2][0]).toHaveLength(useCache ? 1 : 8);
  }
});

test("the first token may be the last: maxNewTokens, an end, a stop", async () => {
  const say = (options: object) => saying((id) => (id === 4 ? [0, 0, 0, 0, 0, 9] : [0, 0, 0, 0, 9]), () => generate(model, prompts([B]), options)); // biome-ignore format: one line
  expect((await say({ maxNewTokens: 1, eosTokenIds: [] })).value).toEqual([[4]]);
  expect((await say({ maxNewTokens: 3, eosTokenIds: [4] })).value).toEqual([[4]]);
  expect((await say({ maxNewTokens: 3, eosTokenIds: [5] })).value).toEqual([[4, 5]]);
  expect((await say({ maxNewTokens: 2, eosTokenIds: [] })).value).toEqual([[4, 5]]);
  expect((await say({ maxNewTokens: 3, eosTokenIds: [], stop: (ids: readonly number[]) => ids.length === 1 })).value).toEqual([[4]]); // biome-ignore format: one line
  expect((await say({ maxNewTokens: 3, eosTokenIds: [], stop: (ids: readonly number[]) => ids.at(-1) === 5 })).value).toEqual([[4, 5]]); // biome-ignore format: one line
  expect((await say({ maxNewTokens: 3, eosTokenIds: [5], beams: 2 })).value[0]).toEqual([4, 5]);
});

test.each([0, 1, 2, 3])("with minNewTokens %i the end may be the token after so many", async (minNewTokens) => {
  const options = { maxNewTokens: 3, minNewTokens, eosTokenIds: [4] };
  const { value } = await saying(() => [0, 0, 0, 0, 9, 8], () => generate(model, prompts([B]), options)); // biome-ignore format: short
  expect(value[0]).toEqual([[4], [5, 4], [5, 5, 4], [5, 5, 5]][minNewTokens]);
});

test("<image> is forbidden at the first step and at the last", async () => {
  const scores = Array.from({ length: VOCAB }, (_, id) => (id === IMAGE ? 9 : id === 7 ? 8 : 0));
  for (const more of [{}, { beams: 2 }, { sampling: { topK: 1 } }, { repetitionPenalty: 1.0001 }]) {
    const { value } = await saying(() => scores, () => generate(model, prompts([B]), { maxNewTokens: 3, eosTokenIds: [], ...more })); // biome-ignore format: one line
    expect(value[0], JSON.stringify(more)).toEqual([7, 7, 7]);
  }
});

test("filters: ties at the k-th stay, the k-th itself stays; what is dropped weighs at most 1 - topP", () => {
  const left = (logits: number[], sampling: object) =>
    Array.from(filterLogits(logits, sampling), (score, id) => [id, score]).filter(([, s]) => s > -Infinity).map(([id]) => id); // biome-ignore format: one line
  expect(left([1, 3, 2, 2, 0], { topK: 1 })).toEqual([1]);
  expect(left([1, 3, 2, 2, 0], { topK: 2 })).toEqual([1, 2, 3]);
  expect(left([1, 3, 2, 2, 0], { topK: 4 })).toEqual([0, 1, 2, 3]);
  expect(left([1, 3, 2, 2, 0], { topK: 5 })).toEqual([0, 1, 2, 3, 4]);
  expect(left([0, 0, 0, 0], { topP: 0.75 })).toHaveLength(3);
  expect(left([0, 0, 0, 0], { topP: 0.5 })).toHaveLength(2);
  expect(left([0, 0, 0, 0], { topP: 0.25 })).toHaveLength(1);
  expect(left([0, 0, 0, 0], { topP: 0.7500001 })).toHaveLength(4);
  expect(likeliest(Float32Array.of(1, 2, 2, 1))).toBe(1);
});

test.each([1, 2, 3, 4])("the likeliest %i of 4 are all that may be drawn, ties with the last included", async (k) => {
  for (const logits of [[3, 1, 2, 0], [3, 1, 1, 0], [1, 1, 1, 1]]) {
    const [{ ids, logits: kept }] = await drawable(() => fromData(Float32Array.from(logits), [1, 4]), k);
    const drawn = Array.from(filterLogits(kept, { topK: k }), (score, i) => [ids[i], score]).filter(([, s]) => s > -Infinity); // biome-ignore format: one line
    const least = [...logits].sort((a, b) => b - a)[k - 1];
    expect(drawn.map(([id]) => id)).toEqual([0, 1, 2, 3].filter((id) => logits[id] >= least));
  }
}); // biome-ignore format: rows

test("a penalty looks at the first token and the last, a n-gram at the last that fits and no further", () => {
  const after = (process: ReturnType<typeof noRepeatNgram>, ids: number[]) => {
    const scores = Float32Array.of(2, -2, 2, -2, 0);
    process(scores, ids);
    return [...scores];
  };
  const forbidden = (size: number, ids: number[]) => after(noRepeatNgram(size), ids).flatMap((s, id) => (s === -Infinity ? [id] : [])); // biome-ignore format: one line
  expect(after(repetitionPenalty(2), [0, 4, 3])).toEqual([1, -2, 2, -4, 0]);
  expect(forbidden(1, [3, 0])).toEqual([0, 3]);
  expect(forbidden(2, [1])).toEqual([]);
  expect(forbidden(2, [1, 2, 1])).toEqual([2]);
  expect(forbidden(2, [1, 1])).toEqual([1]);
  expect(forbidden(2, [1, 2])).toEqual([]);
  expect(forbidden(3, [1, 2])).toEqual([]);
  expect(forbidden(3, [1, 2, 3, 1, 2])).toEqual([3]);
  expect(forbidden(3, [1, 2, 3, 4, 2])).toEqual([]);
  expect(forbidden(3, [1, 1, 1])).toEqual([1]);
});

test("a beam search is done as soon as the worst of its texts is as good as any that lives", async () => {
  // after 4 comes the end, 5, or 6, by the odds given; each length is worth its log-probability alone
  const search = async (end: number, more: object) => {
    const options = { beams: 2, maxNewTokens: 4, lengthPenalty: 0, eosTokenIds: [5], ...more };
    return saying(() => [-40, -40, -40, -40, 0, end, -1], () => beamSearch(model, prompts([B]), options)); // biome-ignore format: short
  };
  const steps = async (end: number, more: object) => (await search(end, more)).seen.length;
  expect(await steps(5, {})).toBe(2); // both texts have ended, and nothing that lives is better
  expect(await steps(5, { earlyStopping: true })).toBe(2);
  expect(await steps(-9, {})).toBe(4); // what lives is better
  expect(await steps(-9, { earlyStopping: "never" })).toBe(4);
});

test("a text that lives and is just as good as the worst that has ended is not waited for", async () => {
  const scores = (id: number) => Array.from({ length: 8 }, (_, next) => (
    id === 8 ? { 4: 1, 6: 0 } : id === 4 ? { 5: 0 } : { 5: 0, 7: 0 } as Record<number, number>)[next] ?? -40); // biome-ignore format: a table
  const options = { beams: 2, maxNewTokens: 4, lengthPenalty: 0, eosTokenIds: [5] };
  const { value: [found], seen } = await saying(scores, () => beamSearch(model, prompts([B]), options)); // biome-ignore format: short
  expect(found.map(({ ids }) => ids)).toEqual([[4, 5], [6, 5]]); // biome-ignore format: short
  expect(seen).toHaveLength(2);
});

test("a text may be as long as there are positions, and its prompt, too", async () => {
  const { max_position_embeddings: most } = model.config.language;
  const long = (count: number) => generate(model, prompts([new Array<number>(count).fill(5)]), { maxNewTokens: 2, eosTokenIds: [] });
  for (const [count, room] of [[most - 1, 2], [most, 1]]) {
    expect((await long(count))[0]).toHaveLength(room);
    const search = (maxNewTokens: number) => beamSearch(model, prompts([new Array<number>(count).fill(5)]), { beams: 2, maxNewTokens, eosTokenIds: [] }); // biome-ignore format: one line
    expect(await search(9)).toEqual(await search(room));
  }
}); // biome-ignore format: sizes

test("as many answers as there are beams, and no more", () => {
  const options = (numReturnSequences: number) => completeOptions({ beams: 2, numReturnSequences }, model.config);
  expect(options(2).numReturnSequences).toBe(2);
  expect(() => options(3)).toThrow("numReturnSequences");
  expect(completeOptions({ maxNewTokens: 3, minNewTokens: 3 }, model.config).minNewTokens).toBe(3);
  expect(() => completeOptions({ maxNewTokens: 3, minNewTokens: 4 }, model.config)).toThrow("minNewTokens");
});

test("a search goes on with fewer texts where few tokens are left, and is done where all have ended", async () => {
  const search = async (more: GenerateOptions) => {
    const options = { beams: 3, maxNewTokens: 3, eosTokenIds: [], ...more };
    const { value, seen } = await saying(() => [0, 0, 0, 0, 9, 8, 7], () => beamSearch(model, prompts([B]), options)); // biome-ignore format: short
    return { ids: value[0].map(({ ids }) => ids), steps: seen.length };
  };
  const atTwo = { stop: (ids: readonly number[]) => ids.length === 2, earlyStopping: "never" as const };
  expect(await search(atTwo)).toMatchObject({ steps: 2, ids: [[4, 4], expect.anything(), expect.anything()] });
  const only4 = { processors: [(scores: Float32Array) => void scores.fill(-Infinity, 0, 4).fill(-Infinity, 5)] };
  expect(await search(only4)).toEqual({ steps: 3, ids: [[4, 4, 4]] });
  await expect(search({ ...only4, numReturnSequences: 2 })).rejects.toThrow("too few tokens are allowed for 3 beams");
});

test("of continuations that are equally good the first are kept", async () => {
  const options = { beams: 2, maxNewTokens: 1, eosTokenIds: [] };
  const { value: [found] } = await saying(() => [-40, -40, -40, -40, 0, -40, 0, 0], () => beamSearch(model, prompts([B]), options)); // biome-ignore format: short
  expect(found.map(({ ids }) => ids)).toEqual([[4], [6]]);
});

test("a temperature may be anything above 0: near it, draws are the likeliest; far from it, anything", () => {
  const drawn = (logits: number[], temperature: number) => {
    const scores = filterLogits(logits, completeOptions({ sampling: { temperature } }, model.config).sampling!);
    return new Set(Array.from({ length: 40 }, (_, seed) => drawToken(scores, new Generator(seed))));
  };
  for (const temperature of [Number.MIN_VALUE, 1e-300, 1e-9, 0.01]) {
    expect(drawn([1, 3, 2, -Infinity], temperature)).toEqual(new Set([1]));
    expect(drawn([-1, -3, -2], temperature)).toEqual(new Set([0]));
  }
  for (const temperature of [1e9, Number.MAX_VALUE]) expect(drawn([10, -10], temperature)).toEqual(new Set([0, 1]));
});

test("the last value of an option that is taken, and the first that is not", () => {
  const { MIN_VALUE, EPSILON } = Number;
  const last: GenerateOptions[] = [
    ...[0, -0, MIN_VALUE, Number.MAX_VALUE].map((temperature) => ({ sampling: { temperature } })),
    ...[MIN_VALUE, 1].map((topP) => ({ sampling: { topP } })),
    ...[{ sampling: { topK: 0 } }, { repetitionPenalty: MIN_VALUE }, { beams: 1 }, { maxNewTokens: 1 }, { noRepeatNgramSize: 0 }],
    ...[{ minNewTokens: 0 }, { eosTokenIds: [] }, { eosTokenIds: [0, VOCAB - 1] }, { seed: -Number.MAX_SAFE_INTEGER }],
  ]; // biome-ignore format: a table
  for (const options of last) expect(() => completeOptions(options, model.config)).not.toThrow();
  const first: GenerateOptions[] = [
    ...[-MIN_VALUE, Infinity, NaN].map((temperature) => ({ sampling: { temperature } })),
    ...[0, 1 + EPSILON, NaN].map((topP) => ({ sampling: { topP } })),
    ...[{ sampling: { topK: -1 } }, { repetitionPenalty: 0 }, { beams: 0 }, { maxNewTokens: 0 }, { noRepeatNgramSize: -1 }],
    ...[{ minNewTokens: -1 }, { eosTokenIds: [-1] }, { eosTokenIds: [VOCAB] }, { seed: Number.MAX_SAFE_INTEGER + 1 }],
  ]; // biome-ignore format: a table
  for (const options of first) expect(() => completeOptions(options, model.config), JSON.stringify(options)).toThrow();
});

test("a penalty of 1 and n-grams of none change nothing, those next to them do", () => {
  const count = (options: GenerateOptions) => processorsOf(completeOptions(options, model.config)).length;
  expect([1, 1 - 1e-9, 1 + 1e-9].map((repetitionPenalty) => count({ repetitionPenalty }))).toEqual([0, 1, 1]);
  expect([0, 1, 2].map((noRepeatNgramSize) => count({ noRepeatNgramSize }))).toEqual([0, 1, 1]);
});

test("a stop string may be all of the first token, or begin in it, or end with the last", async () => {
  const processor = await Processor.fromPretrained("model/infimm-tiny");
  const text = "An apple and a dog.";
  const ids = processor.tokenizer.encode(text, { addSpecialTokens: false });
  const stop = (stops: string[], count = ids.length) => ({
    ...written(processor, ids.slice(0, count), stops),
    at: ids.findIndex((_, i) => stopAt(processor, stops)(ids.slice(0, i + 1))),
  });
  const first = processor.tokenizer.decode(ids.slice(0, 1));
  const last = ids.length - 1;
  expect(stop([])).toEqual({ text, stopped: false, at: -1 });
  expect(stop([""])).toEqual({ text, stopped: false, at: -1 });
  expect(stop([first])).toEqual({ text: "", stopped: true, at: 0 });
  expect(stop([text[0]])).toEqual({ text: "", stopped: true, at: 0 });
  expect(stop([text])).toEqual({ text: "", stopped: true, at: last });
  expect(stop(["."])).toEqual({ text: text.slice(0, -1), stopped: true, at: last });
  expect(stop([`${text}.`])).toEqual({ text, stopped: false, at: -1 }); // what was held back is given at the end
  expect(stop(["."], last)).toMatchObject({ text: text.slice(0, -1), stopped: false });
  const [half, end] = ["<0xE2>", "</s>"].map((token) => processor.tokenizer.tokenToId(token)!);
  expect(written(processor, [half, end], [])).toEqual({ text: "\uFFFD", stopped: false });
  const ended = new AnswerText(processor, ["</s>"]);
  expect([ended.push(half), ended.push(end), ended.stopped, ended.finish()]).toEqual(["", "", true, ""]);
});

test("the backend chooses the likeliest only where they and one more are fewer than all", async () => {
  const values = Float32Array.of(1, 5, 2, 9, 3);
  const counting = getBackend("cpu");
  const asked: number[] = [];
  const topk: NonNullable<typeof counting.fused.topk> = (...args) => {
    asked.push(args.length);
    counting.fused.topk!(...args);
  };
  const backend = { ...counting, fused: { ...counting.fused, topk } };
  const left: number[] = [];
  for (let k = 0; k <= values.length + 1; k++) {
    left.push((await drawable(() => fromData(values, [1, values.length], "f32", backend), k))[0].ids.length);
  }
  expect(left).toEqual([5, 2, 3, 4, 5, 5, 5]);
  expect(asked).toHaveLength(3);
});
