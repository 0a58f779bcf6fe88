import { floatToI32, isFloat } from "../../core/dtype.ts";
import type { Operand } from "../../core/operand.ts";
import { fill, reader } from "./elements.ts";

/** out[i] = input[i], whatever the strides and dtypes of both. */
export function copy(input: Operand, out: Operand): void {
  const read = reader(input);
  fill(out, out.dtype === "i32" && isFloat(input.dtype) ? (i) => floatToI32(read(i)) : read);
}
