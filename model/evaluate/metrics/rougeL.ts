import { mean } from "../python/mean.ts";
import type { Captioned } from "./ngrams.ts";

const BETA = 1.2;

/**
 * ROUGE-L as pycocoevalcap computes it: by the longest common subsequence, precision and recall each of the reference
 * that is best in it. Words are split at single spaces, so a caption without words is one empty word.
 */
export function rougeL(images: readonly Captioned[]): { readonly corpus: number; readonly each: readonly number[] } {
  const each = images.map(one);
  return { corpus: mean(each), each };
}

function one({ caption, references }: Captioned): number {
  const words = caption.split(" ");
  const common = references.map((reference) => {
    const other = reference.split(" ");
    const length = longestCommonSubsequence(words, other);
    return { precision: length / words.length, recall: length / other.length };
  });
  const precision = Math.max(...common.map((c) => c.precision));
  const recall = Math.max(...common.map((c) => c.recall));
  if (precision === 0 || recall === 0) return 0;
  return ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) next.push(word === b[j] ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    row = next;
  }
  return row[b.length];
}
