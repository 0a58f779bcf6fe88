import { expect, test } from "vitest";
import { openGoldenSet } from "../../golden/load.ts";
import { loadPretrained } from "../pretrained.ts";
import { readJson } from "../processor/readFile.ts";
import { beamSearch } from "./beam.ts";
import { generate } from "./generate.ts";
import { filterLogits } from "./sampling.ts";

interface Options {
  max_new_tokens: number;
  num_beams: number;
  length_penalty?: number;
  min_new_tokens?: number;
  eos_token_id?: number | number[];
}

const golden = (await readJson("golden/fixtures/generation/generation.json")) as {
  set: string;
  runs: { case: string; options: Options; ids: number[][]; scores: number[] | null }[];
  logits: Record<string, number[]>;
  filters: {
    logits: string;
    options: { temperature?: number; top_k?: number; top_p?: number };
    probabilities: number[];
  }[];
};
const folder = `golden/fixtures/${golden.set}`;
const [set, model] = await Promise.all([openGoldenSet(folder), loadPretrained(folder)]);

test.each(golden.runs)("transformers, $case, $options", async ({ case: name, options, ids, scores }) => {
  const prompts = set.cases.find((c) => c.name === name)!.prompts();
  const ends = { maxNewTokens: options.max_new_tokens, minNewTokens: options.min_new_tokens ?? 0, ...eosOf(options) };
  if (options.num_beams === 1) {
    expect(await generate(model, prompts, ends)).toEqual(ids);
    return;
  }
  const found = await beamSearch(model, prompts, {
    ...ends,
    beams: options.num_beams,
    lengthPenalty: options.length_penalty,
  });
  for (const [row, [best]] of found.entries()) {
    expect(ids[row].slice(0, best.ids.length)).toEqual(best.ids);
    expect(ids[row].slice(best.ids.length).every((id) => id === model.config.language.pad_token_id)).toBe(true);
    expect(Math.abs(best.score - scores![row]) / Math.abs(scores![row])).toBeLessThan(1e-5);
  }
});

test.each(golden.filters)("probabilities after $options of $logits", ({ logits, options, probabilities }) => {
  const { temperature = 1, top_k = 0, top_p = 1 } = options;
  const scores = filterLogits(golden.logits[logits], { temperature, topK: top_k, topP: top_p });
  const sum = scores.reduce((total, s) => total + Math.exp(s), 0);
  for (const [i, s] of scores.entries()) expect(Math.exp(s) / sum, `${i}`).toBeCloseTo(probabilities[i], 6);
});

function eosOf({ eos_token_id }: Options) {
  return eos_token_id === undefined ? {} : { eosTokenIds: [eos_token_id].flat() };
}
