import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseSafetensors } from "../model/checkpoint/safetensors/parseSafetensors.ts";
import * as T from "../tensor/index.ts";

/** One call as torch ran it: fixtures/torch-ops/calls.json, made by export/export_torch_ops.py. */
interface Call {
  readonly name: string;
  readonly op: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: number;
  readonly grads: readonly string[];
  readonly bool: readonly string[];
  readonly float32_error: Readonly<Record<string, number>>;
}

const folder = new URL("./fixtures/torch-ops/", import.meta.url);
const { calls } = JSON.parse(readFileSync(new URL("calls.json", folder), "utf8")) as { calls: Call[] };
const bytes = readFileSync(new URL("calls.safetensors", folder));
const file = parseSafetensors(new Uint8Array(bytes).buffer, "calls.safetensors");

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** A call's arguments: tensors for "$name", numbers that JSON lacks, options in camelCase. */
function filled(value: unknown, tensors: ReadonlyMap<string, T.Tensor>): unknown {
  if (typeof value === "string") {
    if (value.startsWith("$")) return tensors.get(value.slice(1));
    return value.endsWith("Infinity") ? Number(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, tensors));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), filled(item, tensors)]));
}

function stored(
  call: Call,
  name: string,
): { data: ArrayLike<number>; shape: readonly number[]; dtype: T.Tensor["dtype"] } {
  const { data, shape, dtype } = file.readSync!(`${call.name}/${name}`);
  return { data, shape, dtype: call.bool.includes(name) ? "bool" : dtype } as ReturnType<typeof stored>;
}

function load(call: Call, name: string): T.Tensor {
  const { data, shape, dtype } = stored(call, name);
  return dtype === "bool"
    ? T.fromData(Uint8Array.from(data), shape, "bool")
    : T.fromData(data as Float32Array, shape, dtype);
}

/** No further from float64 than `bar` allows for torch's own float32 error. What is not finite is equal. */
async function expectClose(call: Call, name: string, got: T.Tensor, bar: (float32: number) => number): Promise<void> {
  const want = stored(call, name);
  expect(got.shape, name).toEqual(want.shape);
  if (!name.startsWith("grads/")) expect(got.dtype === "f32", `${name} is ${got.dtype}`).toBe(want.dtype === "f32");
  const data = await got.data();
  let [difference, size] = [0, 0];
  for (let i = 0; i < want.data.length; i++) {
    const w = want.data[i];
    if (!Number.isFinite(w)) expect(data[i], `${name}[${i}]`).toBe(w);
    else {
      difference += (data[i] - w) ** 2;
      size += w ** 2;
    }
  }
  const error = difference === 0 ? 0 : Math.sqrt(difference) / Math.sqrt(size || Number.MIN_VALUE);
  expect(error, name).toBeLessThanOrEqual(bar(call.float32_error[name] ?? 0));
}

/** What each backend is held to: cpu and wasm to 4 of torch's own errors, others to 1e-4, as activations are. */
const barOf = (backend: string) =>
  backend === "cpu" || backend === "wasm" ? (float32: number) => 4 * Math.max(float32, 1e-7) : () => 1e-4;

/** All calls on a backend; gradients are compositions of ops, so `grads` may leave them to the backends that are fast. */
export function torchOps(backend: string, { grads: withGrads }: { grads: boolean }): void {
  const bar = barOf(backend);
  const waiting = T.getBackend(backend).readSync === undefined;
  describe(`torch's ops on ${backend}`, () => {
    it.each(calls.filter(({ op }) => !(waiting && op.endsWith("_sync"))))("$name", async (call) => {
      const names = [...new Set(JSON.stringify([call.args, call.options]).match(/(?<="\$)\w+/g) ?? [])];
      const made = T.withBackend(backend, () => {
        using _ = T.scope();
        const tensors = new Map(names.map((name) => [name, load(call, `inputs/${name}`)]));
        const args = call.args.map((arg) => filled(arg, tensors));
        const options = Object.keys(call.options).length > 0 ? [filled(call.options, tensors)] : [];
        const op = (T as unknown as Record<string, (...args: unknown[]) => unknown>)[camel(call.op)];
        expect(op, camel(call.op)).toBeTypeOf("function");
        const run = () => {
          const result = op(...args, ...options);
          return (result instanceof T.Tensor ? [result] : Object.values(result as object)) as T.Tensor[];
        };
        const outputs: [string, T.Tensor][] = run().map((t, i) => [`output.${i}`, T.keep(t.held?.() ?? t)]);
        if (!withGrads || call.grads.length === 0) return outputs;
        const upstream = load(call, "upstream");
        const leaves = new Map(call.grads.map((name) => [name, tensors.get(name)!]));
        const { grads } = T.valueAndGrad(() => run()[0].mul(upstream).sum(), leaves);
        for (const [name, leaf] of leaves) outputs.push([`grads/${name}`, T.keep(grads.get(name) ?? leaf.zerosLike())]);
        return outputs;
      });
      expect(made.filter(([name]) => name.startsWith("output")).length).toBe(call.outputs);
      for (const [name, t] of made) await expectClose(call, name, t, bar);
      for (const [, t] of made) t.dispose();
    });
  });
}
