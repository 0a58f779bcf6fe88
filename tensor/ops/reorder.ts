import { checked } from "../../core/knownNames.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { fromData } from "./creation.ts";
import { indexSelect } from "./indexing.ts";
import { concat } from "./join.ts";
import { expand, flatten, reshape, slice, unsqueeze } from "./views.ts";

/**
 * Elements moved on by `shifts` along `dims`; what leaves at the end comes in at the front. Without `dims`, through the
 * flattened tensor. As torch.roll.
 */
export function roll(t: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  if (dims === undefined) {
    if (typeof shifts !== "number") throw new ShapeError("roll: several shifts need as many dims");
    return reshape(roll(flatten(t), shifts, 0), t.shape);
  }
  const [by, along] = [[shifts].flat(), [dims].flat()] as [number[], number[]];
  if (by.length !== along.length || !by.every(Number.isInteger)) {
    throw new ShapeError(
      `roll: expected a whole shift for each dim, got ${showShape(by)} and dims ${showShape(along)}`,
    );
  }
  return along.reduce((rolled, dim, i) => {
    const axis = normalizeAxis("roll", dim, t.rank);
    const n = t.shape[axis];
    const shift = n === 0 ? 0 : ((by[i] % n) + n) % n;
    return shift === 0 ? rolled : concat([slice(rolled, axis, n - shift), slice(rolled, axis, 0, n - shift)], axis);
  }, t);
}

/**
 * Each element along `dim` several times: `repeats` times, or the i-th `repeats[i]` times. Without `dim`, of the flattened
 * tensor. As torch.repeat_interleave, whose repeats may be a tensor; here they are numbers, which the shape depends on.
 */
export function repeatInterleave(t: Tensor, repeats: number | readonly number[], dim?: number): Tensor {
  if (dim === undefined) return repeatInterleave(flatten(t), repeats, 0);
  const axis = normalizeAxis("repeatInterleave", dim, t.rank);
  const n = t.shape[axis];
  const list = typeof repeats === "number" ? [repeats] : repeats;
  if (list.some((r) => !Number.isInteger(r) || r < 0) || (typeof repeats !== "number" && list.length !== n)) {
    throw new ShapeError(
      `repeatInterleave: expected one whole number, 0 or more, or ${n} for dim ${axis} of ${t}, got ${showShape(list)}`,
    );
  }
  if (typeof repeats === "number") {
    const wide = t.shape.flatMap((d, i) => (i === axis ? [d, repeats] : [d]));
    const merged = t.shape.map((d, i) => (i === axis ? d * repeats : d));
    return reshape(expand(unsqueeze(t, axis + 1), wide), merged);
  }
  const places = Int32Array.from(list.flatMap((r, i) => new Array<number>(r).fill(i)));
  return indexSelect(t, axis, fromData(places, [places.length], "i32", t.backend));
}

/** Each vector's coordinates over the grid that all span, as torch.meshgrid. `xy` swaps the first two dims, as numpy does. */
export function meshgrid(tensors: readonly Tensor[], options: { indexing?: "ij" | "xy" } = {}): Tensor[] {
  const { indexing = "ij" } = checked("meshgrid", options, ["indexing"]);
  const odd = tensors.find((t) => t.rank > 1);
  if (tensors.length === 0 || odd) throw new ShapeError(`meshgrid: expected vectors, got ${odd ?? "none"}`);
  if (indexing !== "ij" && indexing !== "xy") throw new ShapeError(`meshgrid: indexing is ij or xy, not "${indexing}"`);
  const order = tensors.map((_, i) => (indexing === "xy" && tensors.length > 1 && i < 2 ? 1 - i : i));
  const shape = order.map((i) => tensors[i].size);
  return tensors.map((t, i) => {
    const axis = order.indexOf(i);
    const line = shape.map((_, k) => (k === axis ? t.size : 1));
    return expand(reshape(t, line), shape);
  });
}
