import { encodeWithStarts } from "../../processor/text/tokenStarts.ts";
import type { Processor } from "../../processor/processor.ts";
import type { TrainerBatch } from "../batch.ts";
import { IGNORED, labelsFromSpans } from "../labels.ts";
import type { TextRow } from "../world/text.ts";

/** Texts without pictures, padded on the right, where nothing looks. */
export interface TextBatch extends TrainerBatch {
  /** [b][t] */
  readonly inputIds: readonly (readonly number[])[];
  /** [b][t], IGNORED where a token does not count */
  readonly labels: readonly (readonly number[])[];
}

export interface EncodedRow {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
}

export function encodeRow({ text, counted }: TextRow, { tokenizer, imageTokenId }: Processor): EncodedRow {
  const { ids, starts } = encodeWithStarts(tokenizer, text);
  return { ids, labels: labelsFromSpans(ids, starts, counted, imageTokenId) };
}

export function textBatch(rows: readonly EncodedRow[], padId: number): TextBatch {
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  const padded = (row: readonly number[], filler: number) => [...row, ...new Array(length - row.length).fill(filler)];
  return {
    kind: "text",
    inputIds: rows.map(({ ids }) => padded(ids, padId)),
    labels: rows.map(({ labels }) => padded(labels, IGNORED)),
  };
}
