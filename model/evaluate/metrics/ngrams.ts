import { splitWords } from "../python/text.ts";

/** How often each run of up to 4 words occurs, by its length - 1; words are joined by spaces. First seen, first listed. */
export type NgramCounts = readonly ReadonlyMap<string, number>[];

export const MAX_N = 4;

export function ngramsOf(words: readonly string[]): NgramCounts {
  return Array.from({ length: MAX_N }, (_, k) => {
    const counts = new Map<string, number>();
    for (let i = 0; i + k < words.length; i++) {
      const ngram = words.slice(i, i + k + 1).join(" ");
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}

/** An image's references and the caption about it, as PTB tokens joined by spaces. */
export interface Captioned {
  readonly caption: string;
  readonly references: readonly string[];
}

export function counted(text: string): { readonly length: number; readonly ngrams: NgramCounts } {
  const words = splitWords(text);
  return { length: words.length, ngrams: ngramsOf(words) };
}
