import { assign } from "../assign.ts";
import type { Document, LeftOut, Part, Picture } from "../documents.ts";

/** A document of MMC4, its pictures already looked up: undefined where there is no file. */
export interface Mmc4Document {
  readonly id: string;
  readonly sentences: readonly string[];
  readonly pictures: readonly (Mmc4Picture | undefined)[];
  /** [pictures][sentences] */
  readonly similarity: readonly (readonly number[])[];
}

export interface Mmc4Picture {
  readonly picture: Picture;
  /** Size of the file. */
  readonly bytes: number;
}

export interface Mmc4Options {
  /** Pictures of fewer bytes are dropped. Default 11,000, which is OpenFlamingo's "more than 10 kB". */
  readonly minBytes?: number;
  /** Pictures less similar than that to the sentence they are given are dropped. Default 0.24. */
  readonly minSimilarity?: number;
  /**
   * Keep the pictures in their own order while their tokens stand in the order of sentences, as OpenFlamingo does: where
   * the two orders differ, sentences look at each other's pictures.
   */
  readonly emulate?: "open_flamingo";
  /** Of the assigned pictures the first are kept, in the record's order, as OpenFlamingo does. Default 6. */
  readonly maxPictures?: number;
}

/** Each picture goes before the sentence it is assigned to: one sentence a picture, with the largest similarity in all. */
export function mmc4Document(document: Mmc4Document, source: string, options: Mmc4Options = {}): Document | LeftOut {
  const { minBytes = 11_000, minSimilarity = 0.24, emulate, maxPictures = 6 } = options;
  const { id, sentences, similarity } = document;
  const wrong = (leftOut: string): LeftOut => ({ leftOut, detail: `${source} ${id}` });
  const found = document.pictures.flatMap((one, i) => (one ? [{ ...one, row: similarity[i] }] : []));
  if (found.length === 0) return wrong("no picture file");
  const large = found.filter(({ bytes }) => bytes >= minBytes);
  if (large.length === 0) return wrong(`pictures under ${minBytes.toLocaleString("en-US")} bytes`);
  const pairs = assign(large.map(({ row }) => row))
    .map(([i, sentence]) => ({ picture: large[i].picture, sentence, score: large[i].row[sentence] }))
    .filter(({ score }) => score >= minSimilarity);
  if (pairs.length === 0) return wrong("no picture like a sentence");
  const kept = pairs.slice(0, maxPictures);
  const inOrder = [...kept].sort((a, b) => a.sentence - b.sentence);
  const before = new Map(inOrder.map(({ sentence }, i) => [sentence, (emulate ? kept[i] : inOrder[i]).picture]));
  const parts = sentences.flatMap((text, i): Part[] => {
    const picture = before.get(i);
    const said = { text, learn: true };
    return picture ? [picture, said] : [said];
  });
  return { id, source, layout: "interleaved", parts };
}
