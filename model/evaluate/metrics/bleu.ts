import { type Captioned, counted, MAX_N } from "./ngrams.ts";

/** So that nothing is divided by 0, and 0 of 0 is almost 0. */
const TINY = 1e-15;
const SMALL = 1e-9;

/** What bleu gives: 0 to 1. */
export interface Bleu {
  /** BLEU-1 to BLEU-4 of all captions together. */
  readonly corpus: readonly number[];
  /** The same of each caption alone: by n - 1, then by caption. */
  readonly each: readonly (readonly number[])[];
}

interface Comparison {
  readonly length: number;
  readonly referenceLength: number;
  /** By n - 1: n-grams of the caption that a reference has, counted as often as some reference has them. */
  readonly correct: readonly number[];
  readonly guesses: readonly number[];
}

/**
 * BLEU as pycocoevalcap computes it (bleu_scorer.py, option "closest"): n-grams clipped by the most that one reference
 * has, the reference of the closest length (of two the shorter), brevity over the whole corpus.
 */
export function bleu(images: readonly Captioned[]): Bleu {
  const compared = images.map(compare);
  const each = compared.map((one) => precision([one]));
  return { corpus: precision(compared), each: Array.from({ length: MAX_N }, (_, k) => each.map((row) => row[k])) };
}

function compare({ caption, references }: Captioned): Comparison {
  const { length, ngrams } = counted(caption);
  const cooked = references.map(counted);
  const closest = cooked
    .map((reference) => reference.length)
    .sort((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b)[0];
  const correct = ngrams.map((counts, k) =>
    [...counts].reduce((sum, [ngram, count]) => {
      const most = Math.max(...cooked.map((reference) => reference.ngrams[k].get(ngram) ?? 0));
      return sum + Math.min(most, count);
    }, 0),
  );
  const guesses = Array.from({ length: MAX_N }, (_, k) => Math.max(0, length - k));
  return { length, referenceLength: closest, correct, guesses };
}

function precision(compared: readonly Comparison[]): number[] {
  const total = (value: (one: Comparison) => number) => compared.reduce((sum, one) => sum + value(one), 0);
  let product = 1;
  const scores = Array.from({ length: MAX_N }, (_, k) => {
    product *= (total((one) => one.correct[k]) + TINY) / (total((one) => one.guesses[k]) + SMALL);
    return product ** (1 / (k + 1));
  });
  const ratio = (total((one) => one.length) + TINY) / (total((one) => one.referenceLength) + SMALL);
  return ratio < 1 ? scores.map((score) => score * Math.exp(1 - 1 / ratio)) : scores;
}
