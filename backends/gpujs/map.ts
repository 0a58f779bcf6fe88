import { type Expr, input as inputExpr } from "../../core/expr.ts";
import { mergeDims } from "../../core/loop.ts";
import { contiguousStrides, isContiguous, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { infinitiesOf, mapKernel } from "./kernelSources.ts";
import type { Layer } from "./layer.ts";
import { isPrinted } from "./printExpr.ts";
import { along, fits } from "./threads.ts";

/** A device without special limits binds 8 arrays to a kernel, one of them the result. */
const MAX_ARRAYS = 7;

export function map(layer: Layer, expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const { base, runner } = layer;
  const tensors = inputs.filter((t) => typeof t !== "number");
  const numbers = inputs.filter((t) => typeof t === "number");
  const whole = out.dtype === "i32" || tensors.some((t) => t.dtype === "i32");
  if (
    whole ||
    needsDigits(expr) ||
    sizeOf(out.shape) === 0 ||
    layer.tooLarge(...tensors, out) ||
    tensors.length > MAX_ARRAYS ||
    tensors.length === 0
  ) {
    layer.below((base) => base.map(expr, inputs, out));
    return;
  }
  const loop = mergeDims(
    out.shape,
    tensors.map((t) => (t.dtype === "f32" ? t.strides : contiguousStrides(t.shape))),
  );
  const packed = !fits(loop.shape);
  const shape = packed ? [sizeOf(out.shape)] : loop.shape;
  const rank = shape.length === 1 ? 1 : 3;
  const kernel = mapKernel(
    expr,
    inputs.map((t) => typeof t === "number"),
    rank,
  );
  layer.withFloats(kernel, tensors, (...floats) => {
    const packs = packed ? floats.map((t) => (isContiguous(t.shape, t.strides) ? t : layer.convert(t))) : floats;
    const args = packs.map(runner.argument);
    const steps = args.flatMap(({ offset }, i) => [offset, ...(packed ? [1] : along(loop.strides[i], rank))]);
    layer.run(kernel, args, [...steps, ...numbers, ...infinitiesOf(expr)], along(shape, rank, 1), out);
    packs.forEach((t, i) => {
      if (t !== floats[i]) base.free(t.buffer);
    });
  });
}

export function copy(layer: Layer, input: Operand, out: Operand): void {
  const plain =
    input.dtype === "f32" && out.dtype === "f32" && !layer.tooLarge(input, out) && isContiguous(out.shape, out.strides);
  if (plain && fits(mergeDims(input.shape, [input.strides]).shape)) map(layer, inputExpr(0), [input], out);
  else layer.below((base) => base.copy(input, out));
}

/** Whether an expression has an operation that floats have too few digits for. */
function needsDigits(e: Expr): boolean {
  return e.kind === "call" && (!isPrinted(e) || e.args.some(needsDigits));
}
