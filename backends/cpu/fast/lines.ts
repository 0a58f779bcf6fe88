import { isQuantized, type QuantizedDType } from "../../../core/dtype.ts";
import { dequantizeRun, type Planes, planesOf } from "../../../core/quantized.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { type CpuBuffer, stored } from "../memory.ts";
import { widened } from "./widened.ts";

/**
 * Runs of an operand's elements as f32, whatever its dtype and strides: where they lie in memory already, else
 * copied into a line of our own. Kernels then have one inner loop, over a Float32Array, which V8 compiles well.
 */
export class Lines {
  /** What `at` points into. */
  readonly floats: Float32Array;
  private readonly read: ((start: number, stride: number, count: number) => void) | undefined;

  /**
   * @param longest the largest `count` that will be asked for
   * @param stride the stride that will be asked for: with 1, f32 is read in place. Quantised operands are read with 1,
   *   in whole blocks
   */
  constructor(operand: Operand, longest: number, stride: number) {
    if (isQuantized(operand.dtype)) {
      const line = new Float32Array(longest);
      const { dtype } = operand;
      const weight = planes(operand);
      this.floats = line;
      this.read = (start, _, count) => dequantizeRun(dtype, weight, start, count, line);
      return;
    }
    const data = stored(operand);
    if (data instanceof Float32Array && stride === 1) {
      this.floats = data;
      return;
    }
    const line = new Float32Array(longest);
    this.floats = line;
    if (data instanceof Float32Array) this.read = (start, step, count) => collect(data, start, step, count, line);
    else if (data instanceof Uint16Array) {
      const table = widened(operand.dtype as "f16" | "bf16");
      this.read = (start, step, count) => widen(data, table, start, step, count, line);
    } else this.read = (start, step, count) => convert(data, start, step, count, line);
  }

  /** Where in `floats` the elements start, start + stride, … are, one after another, until the next call. */
  at(start: number, stride: number, count: number): number {
    if (!this.read) return start;
    this.read(start, stride, count);
    return 0;
  }
}

function collect(data: Float32Array, start: number, stride: number, count: number, line: Float32Array): void {
  for (let i = 0, p = start; i < count; i++, p += stride) line[i] = data[p];
}

function widen(
  bits: Uint16Array,
  table: Float32Array,
  start: number,
  stride: number,
  count: number,
  line: Float32Array,
): void {
  for (let i = 0, p = start; i < count; i++, p += stride) line[i] = table[bits[p]];
}

function convert(
  data: Int32Array | Uint8Array,
  start: number,
  stride: number,
  count: number,
  line: Float32Array,
): void {
  for (let i = 0, p = start; i < count; i++, p += stride) line[i] = data[p];
}

/** The planes of a quantised operand's whole memory: a stretch of rows begins at its offset in both. */
function planes(operand: Operand): Planes {
  const { block, byteLength } = operand.buffer as CpuBuffer;
  return planesOf(operand.dtype as QuantizedDType, new Uint8Array(block.bytes, 0, byteLength));
}

/** A whole vector operand, as doubles. */
export function vector(t: Operand): Float64Array {
  const n = t.shape[0];
  const lines = new Lines(t, n, t.strides[0]);
  const from = lines.at(t.offset, t.strides[0], n);
  return Float64Array.from(lines.floats.subarray(from, from + n));
}
