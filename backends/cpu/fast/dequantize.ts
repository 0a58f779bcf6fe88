import type { FusedKernels } from "../../../tensor/backend.ts";
import { checked } from "../indexing.ts";
import { Lines } from "./lines.ts";
import { stored } from "../memory.ts";

/** Rows of a quantised table, spread out as f32. */
export const dequantize: FusedKernels["dequantize"] = (table, rows, out) => {
  const [count, k] = out.shape;
  const [target, lines] = [stored(out), new Lines(table, k, 1)];
  const ids = rows && stored(rows);
  for (let row = 0; row < count; row++) {
    const id = ids ? checked("embedding", ids[rows.offset + row * rows.strides[0]], table.shape[0]) : row;
    lines.at(table.offset + id * k, 1, k);
    target.set(lines.floats, out.offset + row * k);
  }
};
