import { describe, expect, it } from "vitest";
import { encodeFloats } from "../../core/dtype.ts";
import { compute, embedding, fromData, full, linear, scope } from "../../tensor/index.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice({ defaultLimits: true });
const MIB = 2 ** 20;

describe.skipIf(!found)("at WebGPU's default limits, where 128 MiB can be bound", () => {
  it("computes with tensors of exactly 128 MiB and of 4 bytes more", async () => {
    const backend = await createWebgpuBackend(found!);
    expect(backend.device.limits.maxStorageBufferBindingSize).toBe(128 * MIB);
    for (const n of [32 * MIB, 32 * MIB + 1]) {
      const values = new Float32Array(n);
      values[0] = 1;
      values[n >> 1] = 2;
      values[n - 1] = 3;
      const x = fromData(values, [n], "f32", backend);
      const [sum, ends] = scope(() => {
        const y = x.add(1);
        return [x.sum(), y.slice(0, n - 2)];
      });
      expect(await sum.item()).toBe(6);
      expect(await ends.data()).toEqual(Float32Array.of(1, 4));
      for (const t of [x, sum, ends]) t.dispose();
      backend.recorder.pool.trim(0);
    }
  });

  it("looks up and multiplies with the embedding of infimm-zephyr: 262 MB of f16", async () => {
    const backend = await createWebgpuBackend((await testDevice({ defaultLimits: true }))!);
    const [vocab, width] = [32002, 4096];
    const bits = new Uint16Array(vocab * width);
    const marked = [0, 16383, 16384, 16385, 32001];
    const [one, two] = encodeFloats("f16", Float32Array.of(1, 2));
    for (const [i, row] of marked.entries()) {
      bits[row * width + i] = one;
      bits[row * width + width - 1] = two;
    }
    const weight = fromData(bits, [vocab, width], "f16", backend);
    const ids = fromData(Int32Array.from(marked), [5], "i32", backend);
    const rows = await compute(() => embedding(ids, weight).sum(-1));
    expect(Array.from(rows)).toEqual([3, 3, 3, 3, 3]);
    const logits = await compute(() => linear(full([1, width], 1, "f32", backend), weight));
    for (const row of marked) expect(logits[row]).toBe(3);
    expect(Array.from(logits).filter((x) => x !== 0)).toHaveLength(5);
    weight.dispose();
    ids.dispose();
    backend.device.destroy();
  });
});
