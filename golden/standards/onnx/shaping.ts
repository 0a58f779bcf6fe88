import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { type Attributes, axesOf, axisOf, missing, op, range } from "./arguments.ts";
import { castTo } from "./elementwise.ts";

type Tensor = t.Tensor;

const int = (values: number[], shape = [values.length]) => tensorOf("int64", shape, values);

/** ONNX's slice: any step, bounds clamped, absent ones the whole. */
function slice([x, starts, ends, axes, steps]: Tensor[]): Tensor {
  const [from, to] = [numbersOf(starts), numbersOf(ends)];
  const dims = axes ? numbersOf(axes) : range(from.length);
  const by = steps ? numbersOf(steps) : from.map(() => 1);
  return dims.reduce((y, dim, i) => {
    const axis = axisOf(x, dim);
    const size = y.shape[axis];
    if (by[i] > 0) return t.slice(y, axis, from[i], to[i], by[i]);
    const clampTo = (bound: number, least: number) =>
      Math.min(size - 1, Math.max(least, bound < 0 ? bound + size : bound));
    const [first, last] = [clampTo(from[i], -1), to[i] < -size ? -1 : clampTo(to[i], -1)];
    return c.pick(
      y,
      axis,
      range(Math.max(0, Math.ceil((last - first) / by[i]))).map((n) => first + n * by[i]),
    );
  }, x);
}

/** Indices that count from the end where they are negative. */
const wrapped = (index: Tensor, size: number) => t.where(index.lt(0), index.add(size), index);

function gather([x, indices]: Tensor[], a: Attributes): Tensor {
  const axis = axisOf(x, a.number("axis", 0));
  const flat = t.indexSelect(x, axis, t.reshape(wrapped(indices, x.shape[axis]), [indices.size]));
  return t.reshape(flat, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
}

/** Where rows of coordinates point, as places in the flattened first dims. */
function flatPlaces(coordinates: Tensor, sizes: readonly number[]): Tensor {
  return sizes.reduce(
    (places: Tensor, size, i) => {
      const along = wrapped(t.select(coordinates, -1, i), size);
      return places.mul(size).add(along);
    },
    t.zeros(coordinates.shape.slice(0, -1), "i32"),
  );
}

function gatherNd([x, indices]: Tensor[], a: Attributes): Tensor {
  const batch = a.number("batch_dims", 0);
  const depth = indices.shape[indices.rank - 1];
  const lead = x.shape.slice(0, batch);
  const rows = lead.reduce((p, q) => p * q, 1);
  const sizes = x.shape.slice(batch, batch + depth);
  const rest = x.shape.slice(batch + depth);
  const flat = t.reshape(x, [rows, -1, rest.reduce((p, q) => p * q, 1)]);
  const places = t.reshape(flatPlaces(indices, sizes), [rows, -1]);
  const found = t.gather(flat, 1, t.expand(t.unsqueeze(places, 2), [rows, places.shape[1], flat.shape[2]]));
  return t.reshape(found, [...indices.shape.slice(0, -1), ...rest]);
}

/** Overwrites: adds the difference to what is there. Places must not repeat. */
function scatterInto(x: Tensor, axis: number, index: Tensor, source: Tensor, reduction: string): Tensor {
  if (reduction === "add") return t.scatterAdd(x, axis, index, source);
  if (reduction === "mul") return missing("scatter by product");
  if (reduction !== "none") return missing(`scatter by ${reduction}`);
  return t.scatterAdd(x, axis, index, source.sub(t.gather(x, axis, index)));
}

function scatterNd([x, indices, updates]: Tensor[], a: Attributes): Tensor {
  const depth = indices.shape[indices.rank - 1];
  const rest = x.shape.slice(depth).reduce((p, q) => p * q, 1);
  const places = t.reshape(flatPlaces(indices, x.shape.slice(0, depth)), [-1]);
  const flat = t.reshape(x, [-1, rest]);
  const index = t.expand(t.unsqueeze(places, 1), [places.size, rest]);
  const source = t.reshape(updates, [places.size, rest]);
  return t.reshape(scatterInto(flat, 0, index, source, a.text("reduction", "none")), x.shape);
}

function scatterElements([x, indices, updates]: Tensor[], a: Attributes): Tensor {
  const axis = axisOf(x, a.number("axis", 0));
  return scatterInto(x, axis, wrapped(indices, x.shape[axis]), updates, a.text("reduction", "none"));
}

/** Places to take along a padded dim, for the modes that repeat what is there. */
function padded(size: number, before: number, after: number, mode: string): number[] {
  return range(before + size + after).map((n) => {
    const at = n - before;
    if (mode === "edge") return Math.min(size - 1, Math.max(0, at));
    if (mode === "wrap") return ((at % size) + size) % size;
    const period = Math.max(1, 2 * (size - 1));
    const turn = ((at % period) + period) % period;
    return turn < size ? turn : period - turn;
  });
}

function pad([x, pads, value, axes]: Tensor[], a: Attributes): Tensor {
  const amounts = pads ? numbersOf(pads) : a.list("pads", []);
  const dims = axes ? numbersOf(axes).map((axis) => axisOf(x, axis)) : range(x.rank);
  const mode = a.text("mode", "constant");
  return dims.reduce((y, dim, i) => {
    const [before, after] = [amounts[i], amounts[i + dims.length]];
    if (mode !== "constant") return c.pick(y, dim, padded(y.shape[dim], before, after, mode));
    const fill = value ? numbersOf(value)[0] : a.number("value", 0);
    const cut = t.slice(y, dim, Math.max(0, -before), y.shape[dim] - Math.max(0, -after));
    return t.padAlong(cut, dim, Math.max(0, before), Math.max(0, after), fill);
  }, x);
}

function trilu([x, k]: Tensor[], a: Attributes): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  const offset = t.arange(0, columns).sub(t.unsqueeze(t.arange(0, rows), 1)); // [rows, columns]
  const diagonal = k ? numbersOf(k)[0] : 0;
  const kept = a.flag("upper", true) ? offset.ge(diagonal) : offset.le(diagonal);
  return t.where(kept, x, t.zerosLike(x));
}

function split([x, sizes]: Tensor[], a: Attributes): Tensor[] {
  const axis = axisOf(x, a.number("axis", 0));
  const count = a.number("num_outputs", (a.raw.outputsWanted as unknown[])?.length ?? 1);
  if (sizes) return t.split(x, numbersOf(sizes), axis);
  return t.split(x, Math.max(1, Math.ceil(x.shape[axis] / count)), axis);
}

function reshape([x, shape]: Tensor[], a: Attributes): Tensor {
  const zero = a.flag("allowzero");
  return t.reshape(
    x,
    numbersOf(shape).map((size, i) => (size === 0 && !zero ? x.shape[i] : size)),
  );
}

function oneHot([indices, depth, values]: Tensor[], a: Attributes): Tensor {
  const [count] = numbersOf(depth);
  const [off, on] = [t.select(values, 0, 0), t.select(values, 0, 1)];
  const axis = a.number("axis", -1);
  const at = axis < 0 ? axis + indices.rank + 1 : axis;
  const places = wrapped(indices.to("i32"), count);
  const flags = t.unsqueeze(places, at).eq(c.perChannel(t.arange(0, count), indices.rank + 1, at));
  return t.where(flags, on, off);
}

/** Blocks of space into channels and back, by einops. */
const SPACE: Record<string, string> = {
  DCR: "n (p q c) h w -> n c (h p) (w q)",
  CRD: "n (c p q) h w -> n c (h p) (w q)",
};

function reverseSequence([x, lengths]: Tensor[], a: Attributes): Tensor {
  const [batch, time] = [a.number("batch_axis", 1), a.number("time_axis", 0)];
  const rows = numbersOf(lengths).map((length, i) => {
    const row = t.slice(x, batch, i, i + 1);
    const places = range(x.shape[time]).map((n) => (n < length ? length - 1 - n : n));
    return c.pick(row, time, places);
  });
  return t.concat(rows, batch);
}

function centerCropPad([x, shape]: Tensor[], a: Attributes): Tensor {
  const axes = axesOf(x, undefined, a, range(x.rank));
  return numbersOf(shape).reduce((y, size, i) => {
    const [dim, have] = [axes[i], y.shape[axes[i]]];
    if (size <= have) {
      const start = Math.floor((have - size) / 2);
      return t.slice(y, dim, start, start + size);
    }
    const before = Math.floor((size - have) / 2);
    return t.padAlong(y, dim, before, size - have - before);
  }, x);
}

async function compress([x, condition]: Tensor[], a: Attributes): Promise<Tensor> {
  const places = numbersOf(condition).flatMap((flag, i) => (flag ? [i] : []));
  const axis = a.raw.axis as number | undefined;
  return axis === undefined ? c.pick(t.flatten(x), 0, places) : c.pick(x, axisOf(x, axis), places);
}

export const SHAPING: Record<string, Op> = {
  CenterCropPad: op(centerCropPad),
  Compress: op(compress),
  Concat: op((all, a) => t.concat(all, a.number("axis", 0))),
  Constant: op((_, a) => a.raw.value as Tensor),
  ConstantOfShape: op(([shape], a) => {
    const value = a.raw.value as Tensor | undefined;
    return t.full(numbersOf(shape), value ? numbersOf(value)[0] : 0, value?.dtype ?? "f32");
  }),
  DepthToSpace: op(([x], a) => {
    const block = a.number("blocksize", 1);
    return t.rearrange(x, SPACE[a.text("mode", "DCR")], { p: block, q: block });
  }),
  Expand: op(([x, shape]) => {
    const target = numbersOf(shape);
    const lead = Math.max(0, target.length - x.rank);
    const all = [...target.slice(0, lead), ...x.shape.map((size, i) => {
      const wanted = target[i - x.rank + target.length] ?? 1;
      return wanted === 1 ? size : wanted;
    })]; // biome-ignore format: two lines
    return t.expand(x, all);
  }),
  EyeLike: op(([x], a) => {
    const [rows, columns] = x.shape;
    const eye = t
      .arange(0, columns)
      .sub(t.unsqueeze(t.arange(0, rows), 1))
      .eq(a.number("k", 0));
    return "dtype" in a.raw ? castTo(eye, a.number("dtype", 1)) : eye.to(x.dtype);
  }),
  Flatten: op(([x], a) => {
    const axis = axisOf(x, a.number("axis", 1));
    const rows = x.shape.slice(0, axis).reduce((p, q) => p * q, 1);
    return t.reshape(x, [rows, x.size / rows]);
  }),
  Gather: op(gather),
  GatherElements: op(([x, index], a) => {
    const axis = axisOf(x, a.number("axis", 0));
    return t.gather(x, axis, wrapped(index, x.shape[axis]));
  }),
  GatherND: op(gatherNd),
  OneHot: op(oneHot),
  Pad: op(pad),
  Range: op(([start, limit, delta]) => {
    const [from, to, step] = [start, limit, delta].map((x) => numbersOf(x)[0]);
    const count = Math.max(0, Math.ceil((to - from) / step));
    return t.arange(0, count).mul(step).add(from).to(start.dtype);
  }),
  Reshape: op(reshape),
  ReverseSequence: op(reverseSequence),
  Scatter: op(scatterElements),
  ScatterElements: op(scatterElements),
  ScatterND: op(scatterNd),
  Shape: op(([x], a) => int(x.shape.slice(a.number("start", 0), a.number("end", x.rank)))),
  Size: op(([x]) => int([x.size], [])),
  Slice: op(slice),
  SpaceToDepth: op(([x], a) => {
    const block = a.number("blocksize", 1);
    const pattern = a.text("mode", "DCR") === "CRD" ? "n c (h p) (w q) -> n (c p q) h w" : "n c (h p) (w q) -> n (p q c) h w"; // biome-ignore format: one line
    return t.rearrange(x, pattern, { p: block, q: block });
  }),
  Split: op(split),
  Squeeze: op(([x, axes]) => {
    const gone = axes ? numbersOf(axes).map((axis) => axisOf(x, axis)) : range(x.rank).filter((i) => x.shape[i] === 1);
    return t.reshape(x, x.shape.filter((_, i) => !gone.includes(i))); // biome-ignore format: one line
  }),
  Tile: op(([x, counts]) => c.tile(x, numbersOf(counts))),
  Transpose: op(([x], a) => t.permute(x, a.list("perm", range(x.rank).reverse()))),
  Trilu: op(trilu),
  Unsqueeze: op(([x, axes]) => {
    const rank = x.rank + axes.size;
    const at = numbersOf(axes).map((axis) => (axis < 0 ? axis + rank : axis));
    let next = 0;
    return t.reshape(x, range(rank).map((i) => (at.includes(i) ? 1 : x.shape[next++]))); // biome-ignore format: one line
  }),
};
