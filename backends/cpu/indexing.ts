import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import type { Operand } from "../../tensor/backend.ts";
import { stored } from "./memory.ts";
import { forEachRow, mergeDims } from "./walk.ts";

/** How one stored element becomes a number, and back. */
const READ = { f16: f16ToF32, bf16: bf16ToF32 } as const;
const WRITE = { f16: f32ToF16, bf16: f32ToBf16 } as const;

/** out = input, element by element, whatever the strides and dtypes. */
export function copy(input: Operand, out: Operand): void {
  const [source, target] = [stored(input), stored(out)];
  const loop = mergeDims(input.shape, [input.strides, out.strides]);
  const last = loop.shape.length - 1;
  const [n, from, to] = [loop.shape[last], loop.strides[0][last], loop.strides[1][last]];
  const same = input.dtype === out.dtype;
  const convert = same ? undefined : conversion(input.dtype, out.dtype);
  forEachRow(loop, [input.offset, out.offset], ([p, q]) => {
    if (convert) for (let i = 0; i < n; i++) target[q + i * to] = convert(source[p + i * from]);
    else if (from === 1 && to === 1) target.set(source.subarray(p, p + n), q);
    else for (let i = 0; i < n; i++) target[q + i * to] = source[p + i * from];
  });
}

function conversion(from: Operand["dtype"], to: Operand["dtype"]): (stored: number) => number {
  const read = from === "f16" || from === "bf16" ? READ[from] : (x: number) => x;
  if (to === "bool") return (x) => (read(x) !== 0 ? 1 : 0);
  const write = to === "f16" || to === "bf16" ? WRITE[to] : (x: number) => x;
  return (x) => write(read(x));
}

/** out[…i…] = input[…index[…i…]…] along `axis`. */
export function gather(input: Operand, axis: number, index: Operand, out: Operand): void {
  const [source, ids, target] = [stored(input), stored(index), stored(out)];
  const read = input.dtype === "f16" || input.dtype === "bf16" ? READ[input.dtype] : undefined;
  const along = input.strides[axis];
  const rest = input.strides.map((s, i) => (i === axis ? 0 : s));
  const loop = mergeDims(out.shape, [rest, index.strides, out.strides]);
  const last = loop.shape.length - 1;
  const [n, stepIn, stepId, stepOut] = [loop.shape[last], ...loop.strides.map((s) => s[last])];
  forEachRow(loop, [input.offset, index.offset, out.offset], ([p, q, r]) => {
    for (let i = 0; i < n; i++) {
      const id = checked("gather", ids[q + i * stepId], input.shape[axis]);
      const value = source[p + i * stepIn + id * along];
      target[r + i * stepOut] = read ? read(value) : value;
    }
  });
}

/** out[…index[…i…]…] += source[…i…] along `axis`. */
export function scatterAdd(out: Operand, axis: number, index: Operand, source: Operand): void {
  const [target, ids, from] = [stored(out), stored(index), stored(source)];
  const along = out.strides[axis];
  const rest = out.strides.map((s, i) => (i === axis ? 0 : s));
  const loop = mergeDims(source.shape, [rest, index.strides, source.strides]);
  const last = loop.shape.length - 1;
  const [n, stepOut, stepId, stepFrom] = [loop.shape[last], ...loop.strides.map((s) => s[last])];
  forEachRow(loop, [out.offset, index.offset, source.offset], ([p, q, r]) => {
    for (let i = 0; i < n; i++) {
      const id = checked("scatterAdd", ids[q + i * stepId], out.shape[axis]);
      target[p + i * stepOut + id * along] += from[r + i * stepFrom];
    }
  });
}

function checked(op: string, id: number, size: number): number {
  if (id < 0 || id >= size) throw new InfimmError(`${op}: index ${id} is out of range; expected 0 to ${size - 1}`);
  return id;
}

/** Inclusive running sum along the last axis. */
export function scan(input: Operand, out: Operand): void {
  const [source, target] = [stored(input), stored(out)];
  const rank = input.shape.length;
  const n = rank === 0 ? 1 : input.shape[rank - 1];
  const [from, to] = rank === 0 ? [0, 0] : [input.strides[rank - 1], out.strides[rank - 1]];
  const lines = { shape: [...input.shape.slice(0, -1), 1], strides: [input, out].map((t) => [...t.strides.slice(0, -1), 0]) };
  if (n === 0) return;
  forEachRow(lines, [input.offset, out.offset], ([p, q]) => {
    let sum = 0;
    for (let i = 0; i < n; i++) target[q + i * to] = sum += source[p + i * from];
  });
}
