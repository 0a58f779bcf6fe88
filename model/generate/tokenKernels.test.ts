import { expect, it } from "vitest";
import { createCountingBackend } from "../../backends/counting.fixture.ts";
import { withStandIns } from "../../nn/onMeta.ts";
import { empty, type FusedKernels, getBackend, registerBackend, scope } from "../../tensor/index.ts";
import { configOf } from "../config/variants.ts";
import { InfiMM } from "../infimm.ts";
import { Decoder } from "./decoder.ts";

const wasm = Object.keys(getBackend("wasm").fused) as (keyof FusedKernels)[];
const webgpu: (keyof FusedKernels)[] = ["softmax", "layerNorm", "rmsNorm", "rope", "ropes", "linear", "linears", "quantizedLinear", "dequantize", "attention", "topk"]; // biome-ignore format: one line

/** The kernels that run for one token of InfiMM-Zephyr about a picture, once the cache is warm, and how often each. */
function kernelsOfToken(fused: readonly (keyof FusedKernels)[]): { all: number; each: Record<string, number> } {
  const backend = createCountingBackend("counting", fused);
  registerBackend(backend);
  const model = new InfiMM(configOf("infimm-zephyr"));
  const { config } = model;
  withStandIns(
    model,
    (_, { shape }) => empty(shape, "bf16", backend),
    () => {},
    () =>
      scope(() => {
        const s = config.visual.image_size;
        using decoder = new Decoder(model, {
          inputIds: [[config.image_token_id, ...new Array<number>(40).fill(0)]],
          attentionMask: [new Array<number>(41).fill(1)],
          pixelValues: new Float32Array(3 * s * s),
          pixelShape: [1, 1, 1, 3, s, s],
        });
        for (let token = 0; token < 3; token++) {
          backend.ran.length = 0;
          decoder.logits([config.image_token_id]).argmax(-1);
          decoder.append([0]);
        }
      }),
  );
  const each: Record<string, number> = {};
  for (const kernel of backend.ran) each[kernel] = (each[kernel] ?? 0) + 1;
  return { all: backend.ran.length, each };
}

it.each([
  ["webgpu", webgpu, 422],
  ["wasm", wasm, 422],
])("a token of InfiMM-Zephyr takes few kernels on %s", (_, fused, most) => {
  const { all, each } = kernelsOfToken(fused);
  expect(all, JSON.stringify(each)).toBeLessThanOrEqual(most);
});
