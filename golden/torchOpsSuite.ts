import { describe, expect, it } from "vitest";
import * as T from "../tensor/index.ts";
import { answer, type Call, calls, load, namesOf, stored } from "./torchCalls.ts";

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
      const made = T.withBackend(backend, () => {
        using _ = T.scope();
        const tensors = new Map(namesOf(call).map((name) => [name, load(call, `inputs/${name}`)]));
        const run = () => answer(call, tensors);
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
