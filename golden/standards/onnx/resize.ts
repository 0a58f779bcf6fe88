import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import { type GridSampling, gridSample } from "../gridSample.ts";
import { type Attributes, axisOf, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** One dim that is resized. */
interface Dim {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly region: readonly [number, number];
}

/** Where output `i` looks in the input, by ONNX's coordinate_transformation_mode. */
function place(i: number, { from, to, scale, region: [start, end] }: Dim, mode: string): number {
  switch (mode) {
    case "asymmetric":
      return i / scale;
    case "align_corners":
      return to === 1 ? 0 : (i * (from - 1)) / (scale * from - 1);
    case "pytorch_half_pixel":
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "tf_crop_and_resize":
      return to > 1
        ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1)
        : 0.5 * (start + end) * (from - 1);
    case "half_pixel_symmetric": {
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    default:
      return (i + 0.5) / scale - 0.5;
  }
}

function nearest(x: number, mode: string): number {
  if (mode === "floor") return Math.floor(x);
  if (mode === "ceil") return Math.ceil(x);
  return mode === "round_prefer_ceil" ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
}

/** The weight of a neighbour `d` away. */
function kernel(mode: string, d: number, a: number): number {
  const x = Math.abs(d);
  if (mode === "linear") return Math.max(0, 1 - x);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** [to, from]: what each output takes from each input. */
function weights(dim: Dim, mode: string, attributes: Attributes): Float32Array {
  const { from, to, scale } = dim;
  const out = new Float32Array(to * from);
  const coordinates = attributes.text("coordinate_transformation_mode", "half_pixel");
  const stretch = attributes.flag("antialias") && scale < 1 ? scale : 1;
  const reach = (mode === "linear" ? 1 : 2) / stretch;
  for (let i = 0; i < to; i++) {
    const x = place(i, dim, coordinates);
    const beyond = coordinates === "tf_crop_and_resize" && (x < 0 || x > from - 1);
    if (beyond) continue;
    if (mode === "nearest") {
      const at = nearest(x, attributes.text("nearest_mode", "round_prefer_floor"));
      out[i * from + Math.min(from - 1, Math.max(0, at))] = 1;
      continue;
    }
    const parts: [at: number, weight: number][] = [];
    for (let n = Math.floor(x - reach) + 1; n <= Math.ceil(x + reach) - 1 || n <= Math.floor(x); n++) {
      const outside = n < 0 || n >= from;
      if (outside && attributes.flag("exclude_outside")) continue;
      const weight = kernel(mode, (x - n) * stretch, attributes.number("cubic_coeff_a", -0.75));
      if (weight !== 0) parts.push([Math.min(from - 1, Math.max(0, n)), weight]);
    }
    const total = parts.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [at, weight] of parts) out[i * from + at] += weight / total;
  }
  return out;
}

/** The dims of a resize, from its scales or sizes. */
function dimsOf(x: Tensor, axes: number[], [roi, scales, sizes]: Tensor[], attributes: Attributes): Dim[] {
  const policy = attributes.text("keep_aspect_ratio_policy", "stretch");
  const regions = roi ? numbersOf(roi) : [];
  const n = axes.length;
  let ratios = sizes ? numbersOf(sizes).map((size, i) => size / x.shape[axes[i]]) : numbersOf(scales);
  if (sizes && policy !== "stretch") {
    const one = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
    ratios = ratios.map(() => one);
  }
  return axes.map((axis, i) => {
    const from = x.shape[axis];
    const exact = sizes && policy === "stretch";
    const to = exact ? numbersOf(sizes)[i] : sizes ? Math.round(from * ratios[i]) : Math.floor(from * ratios[i]);
    return { from, to, scale: ratios[i], region: [regions[i] ?? 0, regions[i + n] ?? 1] };
  });
}

function resize([x, roi, scales, sizes]: Tensor[], attributes: Attributes): Tensor {
  const axes = attributes.list("axes", range(x.rank)).map((axis) => axisOf(x, axis));
  const mode = attributes.text("mode", "nearest");
  const dims = dimsOf(x, axes, [roi, scales && scales.size > 0 ? scales : undefined, sizes] as Tensor[], attributes);
  const outside = attributes.text("coordinate_transformation_mode", "") === "tf_crop_and_resize";
  let [y, inside] = [x, t.ones([])];
  dims.forEach((dim, i) => {
    if (dim.from === dim.to && dim.scale === 1 && !outside) return;
    const table = weights(dim, mode, attributes);
    const matrix = tensorOf("float32", [dim.to, dim.from], table);
    y = t.transpose(t.matmul(t.transpose(y, axes[i], -1), t.transpose(matrix, 0, 1)), axes[i], -1);
    const covered = matrix.sum(-1).ne(0).to("f32");
    inside = inside.mul(t.reshape(covered, range(x.rank).map((d) => (d === axes[i] ? dim.to : 1)))); // biome-ignore format: one line
  });
  return outside ? t.where(inside.ne(0), y, attributes.number("extrapolation_value", 0)) : y;
}

/** The modes by ONNX's names, old and new. */
const MODES: Record<string, GridSampling["mode"]> = {
  bicubic: "cubic",
  bilinear: "linear",
  cubic: "cubic",
  linear: "linear",
  nearest: "nearest",
};

export const RESIZE: Record<string, Op> = {
  GridSample: op(([x, grid], a) =>
    gridSample(x, grid, {
      mode: MODES[a.text("mode", "linear")],
      padding: a.text("padding_mode", "zeros") as GridSampling["padding"],
      corners: a.flag("align_corners"),
    }),
  ),
  Resize: op(resize),
  Upsample: op(([x, scales], a) => resize([x, undefined as unknown as Tensor, scales], asymmetric(a))),
};

const asymmetric = (a: Attributes) => {
  a.raw.coordinate_transformation_mode = "asymmetric";
  a.raw.nearest_mode = "floor";
  return a;
};
