import { mergeDims } from "../../core/loop.ts";
import { viewOf } from "../../core/operand.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Operand, ReduceKind } from "../../tensor/backend.ts";
import { reduceKernel } from "./kernelSources.ts";
import type { Layer } from "./layer.ts";
import { along, fits, MAX_COLUMNS } from "./threads.ts";

export function reduce(layer: Layer, kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void {
  const { base, runner } = layer;
  if (
    input.dtype === "i32" ||
    out.dtype === "bool" ||
    (out.dtype === "i32" && kind === "sum") ||
    sizeOf(input.shape) === 0 ||
    layer.tooLarge(input, out) ||
    sizeOf(out.shape) > MAX_COLUMNS
  ) {
    layer.below((base) => base.reduce(kind, input, axes, out));
    return;
  }
  const order = [...input.shape.keys()].filter((axis) => !axes.includes(axis));
  const kernel = reduceKernel(kind);
  layer.withFloats(kernel, [input], (t) => {
    const pick = (values: Shape, picked: readonly number[]) => picked.map((axis) => values[axis]);
    let kept = mergeDims(pick(t.shape, order), [pick(t.strides, order)]);
    let folded = mergeDims(pick(t.shape, axes), [pick(t.strides, axes)]);
    let from = t;
    if (!fits(kept.shape) || folded.shape.length > 2) {
      const all = [...order, ...axes];
      from = layer.convert(viewOf(t, { shape: pick(t.shape, all), strides: pick(t.strides, all) }));
      const n = sizeOf(folded.shape);
      kept = { shape: [sizeOf(kept.shape)], strides: [[n]] };
      folded = { shape: [n], strides: [[1]] };
    }
    const { data, offset } = runner.argument(from);
    const [n2, n1] = along(folded.shape, 3, 1);
    const [r2, r1] = along(folded.strides[0], 3);
    layer.run(
      kernel,
      [{ data, offset }],
      [offset, ...along(kept.strides[0], 3), n1, n2, r1, r2, Math.ceil(Math.sqrt(n1 * n2))],
      along(kept.shape, 3, 1),
      out,
    );
    if (from !== t) base.free(from.buffer);
  });
}
