import type { Operand } from "../../../tensor/backend.ts";
import { BlockReader } from "./blockReader.ts";
import { stored } from "../memory.ts";
import { sizeOf } from "../../../core/shape.ts";

/** Inclusive running sum along the last axis, in doubles; each is rounded once. `out` is contiguous. */
export function scan(input: Operand, out: Operand): void {
  const target = stored(out);
  const n = input.shape.length === 0 ? 1 : input.shape[input.shape.length - 1];
  const reader = new BlockReader(input);
  const row = new Float64Array(n);
  const end = out.offset + sizeOf(out.shape);
  for (let at = out.offset; at < end; at += n) {
    reader.read(row, 0, n);
    let sum = 0;
    for (let i = 0; i < n; i++) target[at + i] = sum += row[i];
  }
}
