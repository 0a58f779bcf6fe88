import { expect, test } from "vitest";
import { openGoldenSet } from "../../golden/load.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import { readJson } from "../files/readFile.ts";
import { beamSearch } from "./beam.ts";
import { generate } from "./generate.ts";
import type { ChosenLogprob } from "./logprobs.ts";
import { filterLogits } from "./sampling.ts";

interface Options {
  max_new_tokens: number;
  num_beams: number;
  length_penalty?: number;
  min_new_tokens?: number;
  eos_token_id?: number | number[];
  early_stopping?: boolean | "never";
  num_return_sequences?: number;
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
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
  const ours = ourOptions(options);
  expect(await generate(model, prompts, ours)).toEqual(ids);
  if (options.num_beams === 1) return;
  const found = (await beamSearch(model, prompts, ours)).flatMap((texts) => texts.slice(0, ours.numReturnSequences));
  for (const [i, { score }] of found.entries()) expect(Math.abs(score / scores![i] - 1)).toBeLessThan(1e-5);
});

test.each(golden.filters)("probabilities after $options of $logits", ({ logits, options, probabilities }) => {
  const { temperature = 1, top_k = 0, top_p = 1 } = options;
  const scores = filterLogits(golden.logits[logits], { temperature, topK: top_k, topP: top_p });
  const sum = scores.reduce((total, s) => total + Math.exp(s), 0);
  for (const [i, s] of scores.entries()) expect(Math.exp(s) / sum, `${i}`).toBeCloseTo(probabilities[i], 6);
});

const probabilities = (await readJson("golden/fixtures/generation/logprobs.json")) as {
  runs: {
    case: string;
    options: Omit<Options, "num_beams">;
    ids: number[][];
    logprobs: number[][];
    top_ids: number[][][];
    top_logprobs: number[][][];
  }[];
};

test.each(probabilities.runs)("log-probabilities by PyTorch's log_softmax, $case, $options", async (run) => {
  const prompts = set.cases.find((c) => c.name === run.case)!.prompts();
  const steps: (readonly (ChosenLogprob | null)[])[] = [];
  const topLogprobs = run.top_ids[0][0].length;
  const options = { ...ourOptions({ ...run.options, num_beams: 1 }), topLogprobs };
  expect(await generate(model, prompts, { ...options, onLogprobs: (step) => steps.push(step) })).toEqual(run.ids);
  expect(steps).toHaveLength(run.ids[0].length);
  // an error of 1e-6 of the logits, which are below 4 here: the goldens' bound, and what float32 gives
  const near = (ours: number, theirs: number) => expect(Math.abs(ours - theirs)).toBeLessThan(4e-6);
  for (const [t, step] of steps.entries()) {
    for (const [row, found] of step.entries()) {
      expect(found!.id).toBe(run.ids[row][t]);
      near(found!.logprob, run.logprobs[row][t]);
      expect(found!.topLogprobs.map(({ id }) => id)).toEqual(run.top_ids[row][t]);
      for (const [k, { logprob }] of found!.topLogprobs.entries()) near(logprob, run.top_logprobs[row][t][k]);
    }
  }
});

/** transformers' names, ours. */
function ourOptions(options: Options) {
  return {
    maxNewTokens: options.max_new_tokens,
    minNewTokens: options.min_new_tokens,
    beams: options.num_beams,
    lengthPenalty: options.length_penalty,
    earlyStopping: options.early_stopping,
    numReturnSequences: options.num_return_sequences ?? 1,
    repetitionPenalty: options.repetition_penalty,
    noRepeatNgramSize: options.no_repeat_ngram_size,
    eosTokenIds: options.eos_token_id === undefined ? undefined : [options.eos_token_id].flat(),
  };
}
