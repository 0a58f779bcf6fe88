import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { gridSample } from "../gridSample.ts";
import { type Call, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** The weight of a neighbour `d` away, by torch's names of the modes. */
function weightAt(mode: string, d: number): number {
  const x = Math.abs(d);
  if (mode !== "bicubic") return Math.max(0, 1 - x);
  const a = -0.75;
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** [to, from]: what each output of one dim takes from each input. */
function weights(from: number, to: number, scale: number, mode: string, corners: boolean): Tensor {
  const out = new Float32Array(to * from);
  for (const i of range(to)) {
    const put = (at: number, weight: number) => {
      out[i * from + Math.min(from - 1, Math.max(0, at))] += weight;
    };
    if (mode === "area") {
      const [first, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
      for (let n = first; n < end; n++) put(n, 1 / (end - first));
    } else if (mode === "nearest") put(Math.floor(i / scale), 1);
    else if (mode === "nearest-exact") put(Math.floor((i + 0.5) / scale), 1);
    else {
      let x = corners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : (i + 0.5) / scale - 0.5;
      if (mode !== "bicubic") x = Math.max(0, x);
      for (let n = Math.floor(x) - 1; n <= Math.floor(x) + 2; n++) put(n, weightAt(mode, x - n));
    }
  }
  return tensorOf("float32", [to, from], out);
}

/** Each spatial dim by a product with its weights. */
function interpolate(x: Tensor, call: Call, mode: string): Tensor {
  const n = x.rank - 2;
  const given = call.at(1, "size");
  const sizes = given === null || given === undefined ? [] : numbersOf(given);
  const factors = numbersOf(call.at(2, "scale_factor") ?? undefined);
  return range(n).reduce((y, i) => {
    const [axis, from] = [2 + i, x.shape[2 + i]];
    const factor = factors[i] ?? factors[0];
    const to = sizes[i] ?? sizes[0] ?? Math.floor(from * factor);
    const kept = sizes.length > 0 || call.flag(9, "recompute_scale_factor") ? to / from : factor;
    const matrix = weights(from, to, kept, mode, call.flag(9, "align_corners"));
    return t.transpose(t.matmul(t.transpose(y, axis, -1), t.transpose(matrix, 0, 1)), axis, -1);
  }, x);
}

const resized = (mode: string): Op => op((x, call) => interpolate(x, call, mode));

/** Windows of a picture as columns: [n, c · kh · kw, windows]. */
function columns(x: Tensor, call: Call): Tensor {
  const four = x.rank === 4 ? x : t.unsqueeze(x, 0);
  const [kernel, dilation] = [call.numbers(1, "kernel_size", 2, 1), call.numbers(2, "dilation", 2, 1)];
  const [padding, stride] = [call.numbers(3, "padding", 2, 0), call.numbers(4, "stride", 2, 1)];
  const windows = c.windowsOf(four, kernel, { stride, dilation, before: padding, after: padding });
  const y = t.rearrange(windows, "n c p q h w -> n (c h w) (p q)");
  return x.rank === 4 ? y : t.squeeze(y, 0);
}

const GRID_MODES = ["bilinear", "nearest", "bicubic"];
const PADDINGS = ["zeros", "border", "reflection"] as const;

/** With the modes as names, or as the numbers that ATen gives them. */
const sampled: Op = op((x, call) => {
  const mode = call.at(2, "mode") ?? 0;
  const padding = call.at(3, "padding_mode") ?? 0;
  const name = typeof mode === "number" ? GRID_MODES[mode] : String(mode);
  return gridSample(x, call.tensor(1), {
    mode: name === "nearest" ? "nearest" : name === "bicubic" ? "cubic" : "linear",
    padding: typeof padding === "number" ? PADDINGS[padding] : (padding as (typeof PADDINGS)[number]),
    corners: call.flag(4, "align_corners"),
  });
});

export const SAMPLING: Record<string, Op> = {
  grid_sampler_2d: sampled,
  grid_sampler_3d: sampled,
  "nn.functional.grid_sample": sampled,
  "nn.functional.bilinear": op((a, call) => {
    const [b, weight, bias] = [call.tensor(1), call.tensor(2), call.list[3] as Tensor | null | undefined];
    const lead = a.shape.slice(0, -1);
    const [left, right] = [a, b].map((x) => t.reshape(x, [lead.reduce((p, q) => p * q, 1), x.shape[x.rank - 1]]));
    const halves = t.einsum("n i, o i j -> n o j", left, weight);
    const out = halves.mul(t.unsqueeze(right, 1)).sum(-1); // [n, o]
    const whole = t.reshape(out, [...lead, weight.shape[0]]);
    return bias ? whole.add(bias) : whole;
  }),
  "nn.functional.cosine_embedding_loss": op((a, call) => {
    const [b, y, margin] = [call.tensor(1), call.tensor(2), call.number(9, "margin", 0)];
    const [p, q] = [a.to("f32"), b.to("f32")];
    const dot = p.mul(q).sum(-1);
    const cosine = dot.div(p.square().sum(-1).add(1e-12).mul(q.square().sum(-1).add(1e-12)).sqrt());
    const losses = t.where(y.eq(1), t.sub(1, cosine), 0).add(t.where(y.eq(-1), t.clamp(cosine.sub(margin), 0), 0));
    const reduction = call.text(9, "reduction", "mean");
    return reduction === "none" ? losses : reduction === "sum" ? losses.sum() : losses.mean();
  }),
  "nn.functional.interpolate.area": resized("area"),
  "nn.functional.interpolate.bicubic": resized("bicubic"),
  "nn.functional.interpolate.bilinear": resized("bilinear"),
  "nn.functional.interpolate.linear": resized("linear"),
  "nn.functional.interpolate.nearest": resized("nearest"),
  "nn.functional.interpolate.nearest-exact": resized("nearest-exact"),
  "nn.functional.interpolate.trilinear": resized("trilinear"),
  "nn.functional.unfold": op(columns),
  "nn.functional.upsample_bilinear": op((x, call) => {
    call.named.align_corners = true;
    return interpolate(x, call, "bilinear");
  }),
  "nn.functional.upsample_nearest": resized("nearest"),
};
