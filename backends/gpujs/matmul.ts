import { mergeDims } from "../../core/loop.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { matmulKernel } from "./kernelSources.ts";
import type { Layer } from "./layer.ts";
import { fits } from "./threads.ts";

export function matmul(layer: Layer, a: Operand, b: Operand, out: Operand): void {
  const { base, runner } = layer;
  const [rows, columns] = out.shape.slice(-2);
  const threads = [sizeOf(out.shape.slice(0, -2)), rows, columns];
  if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0 || layer.tooLarge(a, b, out) || !fits(threads)) {
    layer.below((base) => base.matmul(a, b, out));
    return;
  }
  layer.withFloats(matmulKernel, [a, b], (left, right) => {
    const [m, n] = out.shape.slice(-2);
    const batch = mergeDims(out.shape.slice(0, -2), [left.strides.slice(0, -2), right.strides.slice(0, -2)]);
    const packed = batch.shape.length > 1;
    const [l, r] = packed ? [layer.convert(left), layer.convert(right)] : [left, right];
    const k = l.shape[l.shape.length - 1];
    const [az, bz] = packed ? [m * k, k * n] : batch.strides.map((s) => s[0]);
    const [ay, ak] = l.strides.slice(-2);
    const [bk, bx] = r.strides.slice(-2);
    const args = [l, r].map(runner.argument);
    layer.run(
      matmulKernel,
      args,
      [args[0].offset, ay, az, ak, args[1].offset, bx, bz, bk, k],
      [n, m, sizeOf(batch.shape)],
      out,
    );
    if (packed) for (const t of [l, r]) base.free(t.buffer);
  });
}
