import { expect, it } from "vitest";
import "../backends/register.ts";
import { Generator } from "../core/random.ts";
import { compute, linear, randn } from "../tensor/index.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { SHIPPED_MODEL } from "./package.ts";

/** How far a product with a q4 weight is from the same in f32, relative to the largest. */
async function errorOf(exact: boolean): Promise<number> {
  const { model } = await loadAssistant({ model: SHIPPED_MODEL, backend: "wasm", dtype: "q4", exact, quiet: true });
  const weight = model.stateDict().get("model.lang_encoder.model.layers.0.decoder_layer.mlp.up_proj.weight")!;
  expect(weight.dtype).toBe("q4");
  const x = randn([1, weight.shape[1]], new Generator(0), model.backend);
  const [ours, wanted] = await Promise.all([weight, weight.to("f32")].map((w) => compute(() => linear(x, w))));
  const largest = Math.max(...Array.from(wanted, Math.abs));
  return Math.max(...Array.from(ours, (y, i) => Math.abs(y - wanted[i]))) / largest;
}

it("rounds activations for quantised weights, but not with --exact", async () => {
  expect(await errorOf(true)).toBeLessThan(1e-6);
  expect(await errorOf(false)).toBeGreaterThan(1e-4);
});
