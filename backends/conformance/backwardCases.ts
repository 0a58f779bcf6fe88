import type { Case, Context } from "./case.ts";
import { EPS, expectClose } from "./compare.ts";
import { fusedCase } from "./fusedCases.ts";
import type { Sample } from "./samples.ts";

const SHAPES = [[1, 1], [5], [3, 7], [2, 3, 65], [4, 300], [70, 33], [2, 1100], [0, 5]];

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, x) => a + x, 0);

/** The gradients of (x - mean) / sqrt(variance + eps) · weight + bias, in doubles; not centred: of x / sqrt(mean x² + eps) · weight. */
function normGradients(x: Sample, weight: Sample, grad: Sample, centred: boolean) {
  const n = weight.values.length;
  const gradX = new Float64Array(x.values.length);
  const [gradWeight, gradBias] = [new Float64Array(n), new Float64Array(n)];
  for (let at = 0; at < gradX.length; at += n) {
    const row = x.values.subarray(at, at + n);
    const mean = centred ? sum(row) / n : 0;
    const scale = 1 / Math.sqrt(sum(row.map((v) => (v - mean) ** 2)) / n + 1e-5);
    const y = row.map((v) => (v - mean) * scale);
    const g = grad.values.subarray(at, at + n).map((v, i) => v * weight.values[i]);
    const [level, tilt] = [centred ? sum(g) / n : 0, sum(g.map((v, i) => v * y[i])) / n];
    gradX.set(g.map((v, i) => (v - level - y[i] * tilt) * scale), at); // biome-ignore format: one line
    for (let i = 0; i < n; i++) {
      gradWeight[i] += grad.values[at + i] * y[i];
      gradBias[i] += grad.values[at + i];
    }
  }
  return { x: gradX, weight: gradWeight, bias: gradBias };
}

/** Each gradient by itself and all together: |x|, |weight|, |grad| <= 2, scales up to 316 for a row of one element. */
async function checkNorm(
  b: Context,
  centred: boolean,
  run: (...args: [Sample, Sample, Sample, Record<"x" | "weight" | "bias", ReturnType<Context["out"]> | null>]) => void,
): Promise<void> {
  const kinds = centred ? (["x", "weight", "bias"] as const) : (["x", "weight"] as const);
  for (const shape of SHAPES) {
    const n = shape.at(-1)!;
    const [x, grad] = [b.random(`x ${shape}`, shape), b.random(`grad ${shape}`, shape)];
    const weight = b.random("w", [n], "f32", "stepped");
    const expected = normGradients(x, weight, grad, centred);
    for (const wanted of [kinds, ["x"], ["weight"]] as readonly (readonly string[])[]) {
      const place = (kind: "x" | "weight" | "bias") =>
        wanted.includes(kind) ? b.out(kind === "x" ? shape : [n]) : null;
      const out = { x: place("x"), weight: place("weight"), bias: place("bias") };
      run(x, weight, grad, out);
      const rows = x.values.length / n;
      // a row's statistics are off by some spacings, times a scale that is large for short rows; a sum over rows adds up
      const units = { x: n === 1 ? 2 ** 17 : 64 * (n < 8 ? 8 : 1), weight: (n < 8 ? 64 : 16) * Math.sqrt(rows + 1), bias: 4 * Math.sqrt(rows + 1) }; // biome-ignore format: one line
      for (const kind of kinds) {
        const to = out[kind];
        if (!to) continue;
        expectClose(`${kind} of ${shape}, wanted ${wanted}`, await b.read(to), expected[kind], () => b.slack * units[kind] * EPS); // biome-ignore format: one line
      }
    }
  }
}

export function backwardCases(): Case[] {
  return [
    fusedCase("softmaxBackward", "rows of any length", async (b, softmaxBackward) => {
      for (const shape of SHAPES) {
        const n = shape.at(-1)!;
        const [y, grad] = [b.random(`y ${shape}`, shape), b.random(`grad ${shape}`, shape)];
        const out = b.out(shape);
        softmaxBackward(y, grad, out);
        const expected = new Float64Array(y.values.length);
        for (let at = 0; at < expected.length; at += n) {
          const [line, g] = [y, grad].map(({ values }) => values.subarray(at, at + n));
          const total = sum(line.map((v, i) => v * g[i]));
          expected.set(line.map((v, i) => v * (g[i] - total)), at); // biome-ignore format: one line
        }
        // |y|, |grad| <= 2: the sum is up to 4 n, off by a share of n in any order
        const tolerance = b.slack * 2 * EPS * (8 + 4 * n);
        expectClose(`softmaxBackward ${shape}`, await b.read(out), expected, () => tolerance);
      }
    }),
    fusedCase("layerNormBackward", "all gradients, or some of them, of rows of any length", (b, layerNormBackward) =>
      checkNorm(b, true, (x, weight, grad, out) => layerNormBackward(x, weight, grad, 1e-5, out)),
    ),
    fusedCase("rmsNormBackward", "all gradients, or some of them, of rows of any length", (b, rmsNormBackward) =>
      checkNorm(b, false, (x, weight, grad, out) => rmsNormBackward(x, weight, grad, 1e-5, out)),
    ),
  ];
}
