import type { Operand } from "../../../tensor/backend.ts";
import { checked } from "../indexing.ts";
import { stored } from "../memory.ts";
import { widened } from "./widened.ts";
import { forEachRow, mergeDims } from "../../../core/loop.ts";

/** out[…i…] = input[…index[…i…]…] along `axis`; f16 and bf16 come out as f32. */
export function gather(input: Operand, axis: number, index: Operand, out: Operand): void {
  const [source, ids, target] = [stored(input), stored(index), stored(out)];
  const table = input.dtype === "f16" || input.dtype === "bf16" ? widened(input.dtype) : undefined;
  const size = input.shape[axis];
  const along = input.strides[axis];
  const rest = input.strides.map((s, i) => (i === axis ? 0 : s));
  const loop = mergeDims(out.shape, [rest, index.strides, out.strides]);
  const last = loop.shape.length - 1;
  const [n, stepIn, stepId, stepOut] = [loop.shape[last], ...loop.strides.map((s) => s[last])];
  const wholeRows = stepId === 0 && stepIn === 1 && stepOut === 1 && !table; // an embedding
  forEachRow(loop, [input.offset, index.offset, out.offset], ([p, q, r]) => {
    if (wholeRows) {
      const from = p + checked("gather", ids[q], size) * along;
      target.set(source.subarray(from, from + n), r);
      return;
    }
    for (let i = 0; i < n; i++) {
      const value = source[p + i * stepIn + checked("gather", ids[q + i * stepId], size) * along];
      target[r + i * stepOut] = table ? table[value] : value;
    }
  });
}

/**
 * out[…index[…i…]…] += source[…i…] along `axis`.
 * Each addition is rounded to f32, in the order of `source`, as PyTorch does on the CPU.
 */
export function scatterAdd(out: Operand, axis: number, index: Operand, source: Operand): void {
  const [target, ids, from] = [stored(out), stored(index), stored(source)];
  const table = source.dtype === "f16" || source.dtype === "bf16" ? widened(source.dtype) : undefined;
  const size = out.shape[axis];
  const along = out.strides[axis];
  const rest = out.strides.map((s, i) => (i === axis ? 0 : s));
  const loop = mergeDims(source.shape, [rest, index.strides, source.strides]);
  const last = loop.shape.length - 1;
  const [n, stepOut, stepId, stepFrom] = [loop.shape[last], ...loop.strides.map((s) => s[last])];
  forEachRow(loop, [out.offset, index.offset, source.offset], ([p, q, r]) => {
    for (let i = 0; i < n; i++) {
      const value = from[r + i * stepFrom];
      const to = p + i * stepOut + checked("scatterAdd", ids[q + i * stepId], size) * along;
      target[to] += table ? table[value] : value;
    }
  });
}
