import type { TypedArray } from "../../../core/dtype.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { stored } from "../memory.ts";
import { widened } from "./widened.ts";
import { mergeDims } from "../../../core/loop.ts";

/** Reads an operand's elements in row-major order, a block at a time, as doubles. */
export class BlockReader {
  private readonly data: TypedArray;
  /** What 16-bit patterns mean. */
  private readonly table: Float32Array | undefined;
  private readonly shape: number[];
  private readonly strides: number[];
  private readonly index: number[];
  private position: number;

  constructor(operand: Operand) {
    const loop = mergeDims(operand.shape, [operand.strides]);
    this.data = stored(operand);
    this.table = operand.dtype === "f16" || operand.dtype === "bf16" ? widened(operand.dtype) : undefined;
    this.shape = loop.shape;
    this.strides = loop.strides[0];
    this.index = this.shape.map(() => 0);
    this.position = operand.offset;
  }

  /** The next `count` elements into block[at…]. */
  read(block: Float64Array, at: number, count: number): void {
    const { data, table, shape, strides, index } = this;
    const last = shape.length - 1;
    const stride = strides[last];
    for (let done = 0; done < count; ) {
      const run = Math.min(count - done, shape[last] - index[last]);
      if (data instanceof Float32Array) copyFloats(data, this.position, stride, block, at + done, run);
      else if (table) lookUp(data, table, this.position, stride, block, at + done, run);
      else copyIntegers(data, this.position, stride, block, at + done, run);
      this.position += run * stride;
      index[last] += run;
      done += run;
      for (let axis = last; axis > 0 && index[axis] === shape[axis]; axis--) {
        index[axis] = 0;
        index[axis - 1]++;
        this.position += strides[axis - 1] - strides[axis] * shape[axis];
      }
    }
  }
}

// One loop a kind of array: V8 compiles a loop that has seen one kind three times as fast as one that has seen all.
// Its numbers come one by one, as V8 keeps arguments in registers.

function copyFloats(
  data: Float32Array,
  from: number,
  stride: number,
  block: Float64Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++, from += stride) block[at + i] = data[from];
}

function copyIntegers(
  data: TypedArray,
  from: number,
  stride: number,
  block: Float64Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++, from += stride) block[at + i] = data[from];
}

// over 6 parameters: numbers one by one stay in registers in the innermost loop, where an object would be read
function lookUp(
  bits: TypedArray,
  table: Float32Array,
  from: number,
  stride: number,
  block: Float64Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++, from += stride) block[at + i] = table[bits[from]];
}
