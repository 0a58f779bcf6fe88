import { sizeOf } from "../../../core/shape.ts";
import type { FusedKernels } from "../../../tensor/backend.ts";
import { BlockReader } from "./blockReader.ts";
import { stored } from "../memory.ts";

/** At most this many winners are kept in order as the row goes by; for more, the whole row is sorted. */
const INSERTION = 64;

/** The largest elements of each row with their places, descending, equal ones in order of index. NaN is the largest, as in torch.topk. */
export const topk: FusedKernels["topk"] = (x, values, indices) => {
  const n = x.shape[x.shape.length - 1];
  const k = values.shape[values.shape.length - 1];
  const [top, places] = [stored(values), stored(indices)];
  const reader = new BlockReader(x);
  const row = new Float64Array(n);
  const lines = sizeOf(x.shape.slice(0, -1));
  for (let line = 0; line < lines; line++) {
    reader.read(row, 0, n);
    const order = k <= INSERTION ? winners(row, k) : sorted(row);
    for (let i = 0; i < k; i++) {
      top[values.offset + line * k + i] = row[order[i]];
      places[indices.offset + line * k + i] = order[i];
    }
  }
};

function winners(row: Float64Array, k: number): Int32Array {
  const order = new Int32Array(k);
  for (let i = 0, kept = 0; i < row.length; i++) {
    if (kept === k && (k === 0 || !before(row[i], row[order[k - 1]]))) continue;
    let at = kept < k ? kept++ : k - 1;
    for (; at > 0 && before(row[i], row[order[at - 1]]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
  return order;
}

function sorted(row: Float64Array): Int32Array {
  const order = Int32Array.from(row, (_, i) => i);
  return order.sort((i, j) => (before(row[i], row[j]) ? -1 : before(row[j], row[i]) ? 1 : i - j));
}

/** Whether a ranks strictly above b. */
function before(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}
