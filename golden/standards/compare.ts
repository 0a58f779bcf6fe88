import { isFloat } from "../../core/dtype.ts";
import { showShape } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { dtypeOf } from "./caseFile.ts";
import type { Expected } from "./case.ts";

/**
 * How far a result may be from a table's: torch.testing.assert_close's own tolerances for float32, ten times wider in
 * proportion because sums are ordered differently; results in 16 bits are as near as 16 bits allow. `absolute` is a share
 * of the largest number of a result, if that is above 1: where sums cancel, what is left has the error of their terms.
 */
const TOLERANCE: Record<string, { relative: number; absolute: number }> = {
  float16: { relative: 2e-3, absolute: 2e-3 },
  bfloat16: { relative: 1.6e-2, absolute: 1e-3 },
};
const FLOAT = { relative: 1.3e-5, absolute: 1e-5 };

/** Where whole numbers of fewer bits wrap around: they are i32 here. */
const WIDTH: Record<string, Int8Array | Uint8Array | Int16Array | Uint16Array | Uint32Array> = {
  int8: new Int8Array(1),
  uint8: new Uint8Array(1),
  int16: new Int16Array(1),
  uint16: new Uint16Array(1),
};

/** What is wrong with a result, or undefined. */
export async function difference(got: Tensor | number | boolean, expected: Expected): Promise<string | undefined> {
  if (typeof got !== "object") return differenceOfNumbers([Number(got)], expected);
  const wanted = dtypeOf(expected.source);
  const kind = isFloat(wanted) ? "f32" : wanted;
  if ((isFloat(got.dtype) ? "f32" : got.dtype) !== kind) return `dtype is ${got.dtype}, expected ${expected.source}`;
  if (showShape(got.shape) !== showShape(expected.shape)) {
    return `shape is ${showShape(got.shape)}, expected ${showShape(expected.shape)}`;
  }
  return differenceOfNumbers(await got.data(), expected);
}

function differenceOfNumbers(got: ArrayLike<number>, { numbers, source }: Expected): string | undefined {
  const { relative, absolute } = TOLERANCE[source] ?? FLOAT;
  const largest = Array.from(numbers).reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 1);
  const exact = !isFloat(dtypeOf(source));
  const narrow = WIDTH[source];
  for (let i = 0; i < numbers.length; i++) {
    const wanted = numbers[i];
    let x = got[i];
    if (narrow) {
      narrow[0] = x;
      x = narrow[0];
    }
    if (Object.is(x, wanted) || x === wanted) continue;
    if (!exact && Math.abs(x - wanted) <= absolute * largest + relative * Math.abs(wanted)) continue;
    return `element ${i} is ${x}, expected ${wanted}`;
  }
  return undefined;
}
