import { BYTES } from "../../../../core/dtype.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { sliceOf } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { ADD, map } from "../map/map.ts";
import { merge } from "./merge.ts";
import { select } from "./select.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { partOf } from "../../memory/split.ts";
import { onWhole, splitRows, withTemporary } from "../whole.ts";
import { rowsOf } from "../rows/wideRows.ts";

/** At most 64 winners are found one after another; more by sorting. */
const FEW = 64;
/** Elements of a row that one workgroup looks through, unless rows alone keep a GPU busy. */
const PART = 1024;
const MANY_ROWS = 256;

/** The first `k` = out size of each row, in order. A row that lies in several blocks is cut, and the winners meet again. */
export function topk(recorder: Recorder, x: Operand, values: Operand, indices: Operand): void {
  const n = x.shape[x.shape.length - 1];
  if (sizeOf(values.shape) === 0) return;
  const [all, top, where] = [x, values, indices].map(rowsOf);
  if (n * BYTES[x.dtype] <= recorder.pool.blockBytes) {
    splitRows(recorder, [all], [top, where], ([from], to) => best(recorder, from, null, to));
    return;
  }
  for (let row = 0; row < all.shape[0]; row++) {
    const one = (t: Operand) => sliceOf(t, 0, row, row + 1);
    topOfParts(recorder, one(all), one(top), one(where));
  }
}

/** One row [1, n] that no kernel can see at once: the first `k` of each half, in the order of the row, and of those the first `k`. */
function topOfParts(recorder: Recorder, x: Operand, values: Operand, indices: Operand): void {
  const [n, k] = [x.shape[1], values.shape[1]];
  const at = n >> 1;
  const kept = [Math.min(k, at), Math.min(k, n - at)];
  withTemporary(recorder, [1, kept[0] + kept[1]], x.dtype, (candidates) => {
    withTemporary(recorder, candidates.shape, "i32", (places) => {
      const part = (t: Operand, p: number) => partOf(t, { axis: 1, at: kept[0] }, p);
      for (const p of [0, 1]) {
        topk(recorder, partOf(x, { axis: 1, at }, p), part(candidates, p), part(places, p));
      }
      map(recorder, ADD, [part(places, 1), at], part(places, 1));
      onWhole(recorder, [candidates, places], [values, indices], ([from, found], to) => {
        best(recorder, from, found, to);
      });
    });
  });
}

/**
 * From rows [rows, n] to the first `k` of each: of parts of the rows first, if that keeps more of a GPU busy.
 * @param places where the elements were, if not where they are; equal ones are in that order
 */
function best(recorder: Recorder, x: Operand, places: Operand | null, [values, indices]: readonly Operand[]): void {
  const [rows, n] = x.shape;
  const k = values.shape[1];
  const parts = k <= FEW && rows < MANY_ROWS ? Math.floor(n / Math.max(PART, 4 * k)) : 1;
  if (parts <= 1) {
    if (k <= FEW) select(recorder, x, places, [values, indices], 1);
    else merge(recorder, x, places, [values, indices]);
    return;
  }
  withTemporary(recorder, [rows, parts * k], x.dtype, (candidates) => {
    withTemporary(recorder, candidates.shape, "i32", (found) => {
      select(recorder, x, places, [candidates, found], parts);
      best(recorder, candidates, found, [values, indices]);
    });
  });
}
