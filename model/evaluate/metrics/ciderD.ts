import { mean } from "../python/mean.ts";
import { type Captioned, counted, MAX_N, type NgramCounts } from "./ngrams.ts";

const SIGMA = 6;

/** A text's n-grams weighted by how rare they are, by n - 1. */
interface Weighted {
  readonly vectors: readonly ReadonlyMap<string, number>[];
  readonly norms: readonly number[];
  /** Number of pairs of words: what the penalty compares. */
  readonly pairs: number;
}

/**
 * CIDEr-D as pycocoevalcap computes it (cider_scorer.py): the mean over n = 1 to 4 of the cosine of tf-idf vectors,
 * clipped, with a Gaussian penalty on the difference of lengths, times 10. How rare an n-gram is, is counted over the
 * references of the images given here, so a part of a set has another CIDEr than the whole; of one image it is always 0.
 */
export function ciderD(images: readonly Captioned[]): { readonly corpus: number; readonly each: readonly number[] } {
  const cooked = images.map(({ caption, references }) => ({
    caption: counted(caption).ngrams,
    references: references.map((reference) => counted(reference).ngrams),
  }));
  const weigh = weighedBy(documentFrequencies(cooked.map(({ references }) => references)), Math.log(images.length));
  const each = cooked.map(({ caption, references }) => {
    const mine = weigh(caption);
    const sums = new Array<number>(MAX_N).fill(0);
    for (const reference of references) {
      for (const [k, value] of similarity(mine, weigh(reference)).entries()) sums[k] += value;
    }
    return (mean(sums) / references.length) * 10;
  });
  return { corpus: mean(each), each };
}

/** In the references of how many images each n-gram occurs. */
function documentFrequencies(images: readonly (readonly NgramCounts[])[]): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const references of images) {
    const seen = new Set(references.flatMap((reference) => reference.flatMap((counts) => [...counts.keys()])));
    for (const ngram of seen) frequencies.set(ngram, (frequencies.get(ngram) ?? 0) + 1);
  }
  return frequencies;
}

function weighedBy(frequencies: ReadonlyMap<string, number>, logImages: number): (ngrams: NgramCounts) => Weighted {
  return (ngrams) => {
    const vectors = ngrams.map(
      (counts) =>
        new Map(
          [...counts].map(([ngram, count]) => {
            const rarity = logImages - Math.log(Math.max(1, frequencies.get(ngram) ?? 0));
            return [ngram, count * rarity];
          }),
        ),
    );
    const norms = vectors.map((vector) => Math.sqrt([...vector.values()].reduce((sum, value) => sum + value ** 2, 0)));
    return { vectors, norms, pairs: [...ngrams[1].values()].reduce((sum, count) => sum + count, 0) };
  };
}

function similarity(mine: Weighted, reference: Weighted): number[] {
  const penalty = Math.E ** (-((mine.pairs - reference.pairs) ** 2) / (2 * SIGMA ** 2));
  return mine.vectors.map((vector, k) => {
    let sum = 0;
    for (const [ngram, weight] of vector) {
      const other = reference.vectors[k].get(ngram) ?? 0;
      sum += Math.min(weight, other) * other;
    }
    const norm = mine.norms[k] * reference.norms[k];
    return (norm === 0 ? sum : sum / norm) * penalty;
  });
}
