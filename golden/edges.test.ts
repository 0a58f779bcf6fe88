import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { getBackend, fromData, scope, type Tensor, valueAndGrad, withBackend } from "../tensor/index.ts";
import * as T from "../tensor/index.ts";

/** A tensor, or a number; what JSON cannot say is text. */
type Stored = [dtype: "f32" | "i32" | "bool", shape: number[], values: (number | string)[]] | number | string;

/** What PyTorch makes of NaN, infinities, ties, whole numbers that overflow…: made by export/export_edges.py. */
interface Case {
  readonly name: string;
  readonly op: string;
  readonly inputs: Stored[];
  readonly output: Exclude<Stored, number | string>;
  readonly grads?: (Exclude<Stored, number | string> | null)[];
}

const { cases } = JSON.parse(readFileSync(new URL("fixtures/edges.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

const OPS: Record<string, (...inputs: never[]) => Tensor> = {
  ...(T as unknown as Record<string, (...inputs: never[]) => Tensor>),
  clampMin: (x: Tensor, min: number) => T.clamp(x, min),
  clampMax: (x: Tensor, max: number) => T.clamp(x, undefined, max),
};

const numberOf = (x: number | string) => (typeof x === "number" ? x : Number(x.replace("inf", "Infinity")));

function load(stored: Stored): Tensor | number {
  if (!Array.isArray(stored)) return numberOf(stored);
  const [dtype, shape, values] = stored;
  const Data = { f32: Float32Array, i32: Int32Array, bool: Uint8Array }[dtype];
  return fromData(Data.from(values.map(numberOf)), shape, dtype);
}

/** Equal, or a few roundings of f32 away. */
function expectNear(got: Tensor, [dtype, shape, values]: Exclude<Stored, number | string>): void {
  expect([got.dtype, got.shape]).toEqual([dtype, shape]);
  const wanted = values.map(numberOf);
  const data = got.dataSync();
  for (const [i, x] of wanted.entries()) {
    if (Number.isFinite(x) && Math.abs(data[i] - x) <= 4 * 2 ** -24 * Math.abs(x)) continue;
    expect(data[i], `element ${i}`).toBe(x);
  }
}

describe.each(["cpu", "wasm"])("%s", (backend) => {
  it.each(cases)("$name", (test) => {
    withBackend(getBackend(backend).name, () => {
      using _ = scope();
      const inputs = test.inputs.map(load);
      const op = OPS[test.op] as (...inputs: unknown[]) => Tensor;
      expectNear(op(...inputs), test.output);
      if (!test.grads) return;
      const leaves = inputs.filter((x): x is Tensor => typeof x === "object" && x.dtype === "f32");
      const named = new Map(leaves.map((leaf, i) => [String(i), leaf]));
      const { grads } = valueAndGrad(() => op(...inputs).sum(), named);
      for (const [i, wanted] of test.grads.entries()) {
        if (wanted) expectNear(grads.get(String(i)) ?? leaves[i].zerosLike(), wanted);
      }
    });
  });
});
