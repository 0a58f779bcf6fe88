import type { Operand } from "../../core/operand.ts";
import { fill, reader } from "./elements.ts";

/** out[i] = input[i], whatever the strides and dtypes of both. Storing to i32 cuts towards zero, as typed arrays do. */
export function copy(input: Operand, out: Operand): void {
  fill(out, reader(input));
}
