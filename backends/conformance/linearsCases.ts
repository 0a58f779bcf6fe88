import { type DType, isQuantized } from "../../core/dtype.ts";
import { call, input, number } from "../../core/expr.ts";
import { type Layer, type LinearResult, linearsOneByOne } from "../../core/linears.ts";
import type { Operand } from "../../tensor/backend.ts";
import type { Case, Context } from "./case.ts";
import { expectClose, relative } from "./compare.ts";

const DTYPES: readonly DType[] = ["f32", "f16", "bf16", "q8", "q4"];
/** Lines of weights: fewer than a vector, no multiple of one, and several tasks. */
const LINES = [3, 18, 70];

const product = input(0);
/** p₀ / (1 + exp(-p₀)) · p₁ · a number */
const gated = call("mul", call("mul", call("div", product, call("add", number(1), call("exp", call("neg", product)))), input(1)), input(2)); // biome-ignore format: one line
/** p · gate + residual */
const added = call("add", call("mul", call("stored", product), input(1)), input(2));

function layer(b: Context, key: string, dtype: DType, n: number, k: number, biased: boolean): Layer {
  const weight = isQuantized(dtype)
    ? b.quantized(key, [n, k], dtype, { before: 1, after: 1 })
    : b.random(key, [n, k], dtype, "offset");
  return { weight, bias: biased ? b.random(`${key} bias`, [n], "f32", "stepped") : null };
}

/** Results of every kind for one x: products as they are, of two layers, and with operands of any layout. */
function resultsOf(b: Context, dtype: DType, rows: number, k: number): Omit<LinearResult, "out">[][] {
  const plain = LINES.map((n, i) => ({ layers: [layer(b, `plain ${n}`, dtype, n, k, i === 1)], expr: product, inputs: [] })); // biome-ignore format: one line
  const [few, some, many] = LINES;
  const gate = { ...b.random("gate", [1]), shape: [rows, some], strides: [0, 0] };
  const residual = b.random("residual", [rows, some], "f32", "transposed");
  const two = (n: number) => [layer(b, `first ${n}`, dtype, n, k, false), layer(b, `second ${n}`, dtype, n, k, true)];
  return [
    plain,
    [{ layers: two(many), expr: gated, inputs: [0.5] }],
    [{ layers: [layer(b, "one", dtype, some, k, true)], expr: added, inputs: [gate, residual] }],
    [{ layers: [layer(b, "few", dtype, few, k, false)], expr: call("neg", product), inputs: [] }],
  ];
}

function oneByOne({ backend }: Context, x: Operand, results: readonly LinearResult[]): void {
  linearsOneByOne(x, results, {
    alloc: (bytes) => backend.alloc(bytes),
    free: (buffer) => backend.free(buffer),
    linear: (rows, weight, bias, out) =>
      (isQuantized(weight.dtype) ? backend.fused.quantizedLinear! : backend.fused.linear!)(rows, weight, bias, out),
    map: (expr, inputs, out) => backend.map(expr, inputs, out),
  });
}

export function linearsCases(): Case[] {
  return DTYPES.map((dtype) => ({
    name: `linears: products of ${dtype} weights and what is made of them, as one by one`,
    async run(b) {
      const { fused, fewRows = 0, software } = b.backend;
      if (!fused.linears || (isQuantized(dtype) && !fused.quantizedLinear)) return;
      const sizes = [[1, 64], [Math.min(fewRows, 8), isQuantized(dtype) ? 96 : 37]]; // biome-ignore format: one line
      for (const [rows, k] of sizes.filter(([rows]) => rows > 0 && rows <= fewRows)) {
        const x = b.random(`x ${rows}`, [rows, k], "f32", "offset");
        for (const results of resultsOf(b, dtype, rows, k)) {
          const outs = () => results.map((result) => ({ ...result, out: b.out([rows, result.layers[0].weight.shape[0]]) })); // biome-ignore format: one line
          const [together, single] = [outs(), outs()];
          fused.linears(x, together);
          oneByOne(b, x, single);
          for (const [i, { out, layers }] of together.entries()) {
            const [got, wanted] = [await b.read(out), await b.read(single[i].out)];
            const near = relative(wanted, 64);
            const what = `${rows} x ${k} of ${layers.map(({ weight }) => weight.shape)}`;
            // a GPU may contract a · b + c, and sums cancel
            expectClose(what, got, wanted, software === false ? (j) => near(j) + k * 2 ** -20 : undefined);
          }
        }
      }
    },
  }));
}
