import type { Operand } from "../../core/operand.ts";
import { fill, reader } from "./elements.ts";

/** Inclusive running sum along the last axis, in doubles; each is rounded once. */
export function scan(input: Operand, out: Operand): void {
  const read = reader(input);
  const n = input.shape[input.shape.length - 1] ?? 1;
  let sum = 0;
  fill(out, (i) => (sum = (i % n === 0 ? 0 : sum) + read(i)));
}
