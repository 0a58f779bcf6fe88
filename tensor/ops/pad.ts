import { checked } from "../../core/knownNames.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { fromData } from "./creation.ts";
import { indexSelect } from "./indexing.ts";
import { padAlong } from "./join.ts";
import { slice } from "./views.ts";

/** What stands in the padding: one value, a mirror's picture, the edge, or the other end. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/**
 * Elements round the last dims, as torch.nn.functional.pad: `sizes` is [before, after] of the last dim, then of the one
 * before it, and so on. Negative sizes cut off. `reflect` turns round at the edge element, `replicate` repeats it,
 * `circular` goes on at the other end; in these modes every dim that `sizes` names has elements.
 * (PyTorch takes them for two to five dims, and counts the last one to three only.)
 */
export function pad(t: Tensor, sizes: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
  const { mode = "constant", value = 0 } = checked("pad", options, ["mode", "value"]);
  const wanted = sizes.length % 2 === 0 && sizes.length <= 2 * t.rank && sizes.every(Number.isInteger);
  if (!wanted)
    throw new ShapeError(`pad: expected [before, after] for at most ${t.rank} dims, got ${showShape(sizes)}`);
  if (!["constant", "reflect", "replicate", "circular"].includes(mode)) {
    throw new ShapeError(`pad: mode is constant, reflect, replicate or circular, not "${mode}"`);
  }
  let out = t;
  for (let i = 0; i < sizes.length; i += 2) {
    const axis = t.rank - 1 - i / 2;
    const [before, after] = [sizes[i], sizes[i + 1]];
    if (before === 0 && after === 0) continue;
    out = mode === "constant" ? constant(out, axis, before, after, value) : mirrored(out, axis, before, after, mode);
  }
  return out;
}

function constant(t: Tensor, axis: number, before: number, after: number, value: number): Tensor {
  requireRest(t, axis, before, after);
  const inner = slice(t, axis, Math.max(0, -before), t.shape[axis] - Math.max(0, -after));
  return padAlong(inner, axis, Math.max(0, before), Math.max(0, after), value);
}

function mirrored(t: Tensor, axis: number, before: number, after: number, mode: PadMode): Tensor {
  const n = t.shape[axis];
  requireRest(t, axis, before, after);
  const most = mode === "reflect" ? n - 1 : mode === "circular" ? n : Number.POSITIVE_INFINITY;
  if (n === 0 || before > most || after > most) {
    const room = n === 0 ? "has no elements to repeat" : `has ${n} elements: at most ${most} more at each end`;
    throw new ShapeError(`pad: ${mode} by ${before} and ${after}: dim ${axis} of ${showShape(t.shape)} ${room}`);
  }
  const source = (i: number) => {
    if (mode === "replicate") return Math.min(n - 1, Math.max(0, i));
    if (mode === "circular") return (i + n) % n;
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  };
  const places = Int32Array.from({ length: before + n + after }, (_, i) => source(i - before));
  return indexSelect(t, axis, fromData(places, [places.length], "i32", t.backend));
}

function requireRest(t: Tensor, axis: number, before: number, after: number): void {
  if (t.shape[axis] + before + after < 0 || -before > t.shape[axis] || -after > t.shape[axis]) {
    throw new ShapeError(`pad: ${before} and ${after} cut off more than dim ${axis} of ${showShape(t.shape)} has`);
  }
}
