import { forEachRow, mergeDims } from "../../core/loop.ts";
import { viewOf } from "../../core/operand.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { checked } from "../cpu/indexing.ts";
import { gatherKernel, scatterAddKernel } from "./kernelSources.ts";
import type { Layer } from "./layer.ts";
import { along, fits, MAX_COLUMNS } from "./threads.ts";

export function gather(layer: Layer, input: Operand, axis: number, index: Operand, out: Operand): void {
  const { base, runner } = layer;
  requireInRange(layer, "gather", index, input.shape[axis]);
  const large = layer.tooLarge(input, index, out) || sizeOf(out.shape) > MAX_COLUMNS;
  if (input.dtype === "i32" || sizeOf(out.shape) === 0 || large) {
    layer.below((base) => base.gather(input, axis, index, out));
    return;
  }
  layer.withFloats(gatherKernel, [input, index], (t, at) => {
    const walk = (strides: Shape) => strides.map((s, i) => (i === axis ? 0 : s));
    let loop = mergeDims(out.shape, [walk(t.strides), at.strides]);
    let from = t;
    if (!fits(loop.shape)) {
      from = layer.convert(t);
      loop = mergeDims(out.shape, [walk(from.strides), at.strides]);
    }
    const args = [from, at].map(runner.argument);
    const steps = args.flatMap(({ offset }, i) => [offset, ...along(loop.strides[i], 3)]);
    layer.run(gatherKernel, args, [...steps, from.strides[axis]], along(loop.shape, 3, 1), out);
    if (from !== t) base.free(from.buffer);
  });
}

export function scatterAdd(layer: Layer, out: Operand, axis: number, index: Operand, source: Operand): void {
  const { base, runner } = layer;
  requireInRange(layer, "scatterAdd", index, out.shape[axis]);
  const shape = source.shape.map((size, i) => (i === axis ? out.shape[axis] : size));
  const threads = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
  if (out.dtype !== "f32" || sizeOf(source.shape) === 0 || layer.tooLarge(out, index, source) || !fits(threads)) {
    layer.below((base) => base.scatterAdd(out, axis, index, source));
    return;
  }
  const reached = viewOf(out, { shape }); // a source may be smaller than the result, along the other dims too
  runner.inOrder(scatterAddKernel, () => {
    const packs = [reached, index, source].map((t) => layer.convert(t));
    const result = layer.fresh(shape);
    const size = [sizeOf(shape.slice(axis + 1)), shape[axis], sizeOf(shape.slice(0, axis))];
    layer.run(scatterAddKernel, packs.map(runner.argument), [size[0], size[1], source.shape[axis]], size, result);
    base.copy(result, reached);
    for (const t of [...packs, result]) base.free(t.buffer);
  });
}

/** Where the host can see an index, as `cpu` does: gpu.js says nothing, or ends in an error of its own. */
function requireInRange({ base }: Layer, op: string, index: Operand, size: number): void {
  if (!base.hostView || sizeOf(index.shape) === 0) return;
  const bytes = base.hostView(index.buffer);
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  const loop = mergeDims(index.shape, [index.strides]);
  const last = loop.shape.length - 1;
  const [count, step] = [loop.shape[last], loop.strides[0][last]];
  forEachRow(loop, [index.offset], ([at]) => {
    for (let i = 0; i < count; i++) checked(op, ids[at + i * step], size);
  });
}
