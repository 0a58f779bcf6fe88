import { beforeAll, describe, expect, it } from "vitest";
import { compute, customOp, randn, registerBackend, tensor, toBackend } from "../../../tensor/index.ts";
import { createCpuBackend } from "../../cpu/cpu.ts";
import { Generator } from "../../../core/random.ts";
import { wgslKernel } from "../wgslKernel.ts";
import { WebgpuError } from "../errors.ts";
import { takeRefusals, testDevice } from "../testDevice.ts";
import { createWebgpuBackend } from "../webgpu.ts";

const found = await testDevice();

/** Each row's soft maximum: log Σ exp(sharpness · x) / sharpness. */
const softMaximum = customOp({
  name: "softMaximum",
  shape: (x) => x.shape.slice(0, -1),
  otherwise: (x) => x.mul(2.5).exp().sum(-1).log().div(2.5),
  kernels: {
    webgpu: wgslKernel({
      name: "softMaximum",
      inputs: ["x"],
      sizes: ([x]) => ({ n: x.shape[x.shape.length - 1] }),
      numbers: { sharpness: 2.5 },
      code: `fn run(i: u32) {
        var sum = 0.0;
        for (var c = 0u; c < n; c++) { sum += expOf(sharpness * x(i * n + c)); }
        put(i, logOf(sum) / sharpness);
      }`,
    }),
  },
});

describe.skipIf(!found)("a WGSL kernel of the user's", () => {
  beforeAll(async () => registerBackend(await createWebgpuBackend(found!)));

  it("equals its meaning, whatever the sizes and strides", async () => {
    for (const shape of [
      [4, 7],
      [3, 2, 65],
      [1, 1],
    ]) {
      const x = randn(shape, new Generator(3));
      const there = await toBackend(x, "webgpu");
      const [ours, expected] = [await compute(() => softMaximum(there)), await compute(() => softMaximum(x))];
      // n exponentials of numbers up to e^10, each right to 1e-7, then a logarithm
      ours.forEach((v, i) => { expect(Math.abs(v - expected[i])).toBeLessThan(2e-6); }); // biome-ignore format: one line
      const flipped = await compute(() => softMaximum(there.transpose(-2, -1)));
      expect(flipped.length).toBe((shape.reduce((a, b) => a * b) / shape.at(-2)!) | 0);
    }
  });

  it("tells what is wrong with its code at the next read", async () => {
    const broken = customOp({
      name: "broken",
      shape: (x) => x.shape,
      kernels: { webgpu: wgslKernel({ name: "broken", inputs: ["x"], code: "fn run(i: u32) { put(i, y(i)); }" }) },
    });
    const x = await toBackend(tensor([1, 2]), "webgpu");
    const refused = compute(() => broken(x));
    await expect(refused).rejects.toThrow(WebgpuError);
    await expect(refused).rejects.toThrow(/:1:25.*unresolved call target 'y'/); // its line and column there
    await expect(x.data()).resolves.toEqual(Float32Array.of(1, 2));
    expect(takeRefusals()[0]).toContain("unresolved call target 'y'");
  });

  it("says where it cannot run", () => {
    const only = customOp({ name: "only", shape: (x) => x.shape, kernels: { webgpu: () => {} } });
    const elsewhere = tensor([1], "f32", createCpuBackend());
    expect(() => only(elsewhere)).toThrow("only: no kernel for cpu, and no `otherwise`; there are: webgpu");
  });
});
