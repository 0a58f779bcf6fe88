import { mergeDims } from "../../core/loop.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { scanKernel } from "./kernelSources.ts";
import type { Layer } from "./layer.ts";
import { along, fits } from "./threads.ts";

/** Elements of a running sum: each thread adds from the start, so longer ones drift, and take the square of the time. */
const MAX_SCAN = 1024;

export function scan(layer: Layer, input: Operand, out: Operand): void {
  const { base, runner } = layer;
  const n = out.shape.at(-1) ?? 1;
  if (
    out.dtype !== "f32" ||
    sizeOf(out.shape) === 0 ||
    layer.tooLarge(input, out) ||
    n > MAX_SCAN ||
    !fits([sizeOf(out.shape) / n, n])
  ) {
    layer.below((base) => base.scan(input, out));
    return;
  }
  layer.withFloats(scanKernel, [input], (t) => {
    const lead = mergeDims(t.shape.slice(0, -1), [t.strides.slice(0, -1)]);
    const from = lead.shape.length > 2 ? layer.convert(t) : t;
    const [rows, steps] = from === t ? [lead.shape, lead.strides[0]] : [[sizeOf(lead.shape)], [n]];
    const { data, offset } = runner.argument(from);
    const numbers = [offset, from.strides.at(-1) ?? 0, ...along(steps, 3).slice(0, 2)];
    layer.run(scanKernel, [{ data, offset }], numbers, [n, ...along(rows, 3, 1).slice(0, 2)], out);
    if (from !== t) base.free(from.buffer);
  });
}
