import { describe, expect, it } from "vitest";
import { encodeFloats } from "../../core/dtype.ts";
import { Generator } from "../../core/random.ts";
import { generate } from "../../model/generate/generate.ts";
import { loadPretrained } from "../../model/checkpoint/pretrained.ts";
import {
  type Backend,
  compute,
  embedding,
  fromData,
  full,
  linear,
  randn,
  scaledDotProductAttention,
  scope,
  topk,
} from "../../tensor/index.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { OutOfMemoryError } from "./errors.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice({ defaultLimits: true });
const MIB = 2 ** 20;

describe.skipIf(!found)("at WebGPU's default limits, where a buffer has 256 MiB and 128 MiB can be bound", () => {
  it("computes with tensors of exactly 128 MiB and of 4 bytes more", async () => {
    const backend = await createWebgpuBackend(found!);
    expect(backend.device.limits.maxStorageBufferBindingSize).toBe(128 * MIB);
    for (const n of [32 * MIB, 32 * MIB + 1]) {
      const values = new Float32Array(n);
      values[0] = 1;
      values[n >> 1] = 2;
      values[n - 1] = 3;
      const x = fromData(values, [n], "f32", backend);
      const [sum, most, ends] = scope(() => {
        const y = x.add(1);
        return [x.sum(), x.argmax(0), y.slice(0, n - 2)];
      });
      expect(await sum.item()).toBe(6);
      expect(await most.item()).toBe(n - 1);
      expect(await ends.data()).toEqual(Float32Array.of(1, 4));
      for (const t of [x, sum, most, ends]) t.dispose();
      expect(backend.memory.live).toBe(0);
      backend.recorder.pool.trim(0);
    }
    backend.device.destroy();
  });

  it.each(["f16", "f32"] as const)(
    "looks up and multiplies with the embedding of infimm-zephyr in %s",
    async (dtype) => {
      const backend = await createWebgpuBackend((await testDevice({ defaultLimits: true }))!);
      const [vocab, width] = [32003, 4096]; // 500 MiB in f32: more than a buffer may have
      const weights = dtype === "f16" ? new Uint16Array(vocab * width) : new Float32Array(vocab * width);
      const marked = [0, 8191, 8192, 16383, 16384, 16385, 32002];
      const [one, two] = dtype === "f16" ? encodeFloats("f16", Float32Array.of(1, 2)) : [1, 2];
      for (const [i, row] of marked.entries()) {
        weights[row * width + i] = one;
        weights[row * width + width - 1] = two;
      }
      const weight = fromData(weights, [vocab, width], dtype, backend);
      const ids = fromData(Int32Array.from(marked), [marked.length], "i32", backend);
      const rows = await compute(() => embedding(ids, weight).sum(-1));
      expect(Array.from(rows)).toEqual(marked.map(() => 3));
      const logits = await compute(() => linear(full([1, width], 1, "f32", backend), weight));
      for (const row of marked) expect(logits[row]).toBe(3);
      expect(Array.from(logits).filter((x) => x !== 0)).toHaveLength(marked.length);
      weight.dispose();
      ids.dispose();
      expect(backend.memory.live).toBe(0);
      backend.device.destroy();
    },
  );
});

describe.skipIf(!found)("where a block of memory has 16 KiB", () => {
  it("a model answers as where it is whole", async () => {
    const given = await testDevice();
    const answers: number[][][] = [];
    for (const blockBytes of [undefined, 16384]) {
      const backend = await createWebgpuBackend({ ...given!, blockBytes });
      const model = await loadPretrained("golden/fixtures/tiny-llama", { backend });
      const size = model.config.visual.image_size;
      const prompt = {
        inputIds: [[1, 5, 9, 12]],
        attentionMask: [[1, 1, 1, 1]],
        pixelValues: Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(i)),
        pixelShape: [1, 1, 1, 3, size, size],
      };
      answers.push(await generate(model, prompt, { maxNewTokens: 3, eosTokenIds: [] }));
      model.dispose();
      expect(backend.memory.live).toBe(0);
    }
    expect(answers[1]).toEqual(answers[0]);
    given!.device.destroy();
  });

  it("attention takes keys of one head that are more than a block", async () => {
    const given = await testDevice();
    const attend = (backend: Backend) => {
      const generator = new Generator(5);
      const q = randn([1, 4, 9, 24], generator, backend);
      const [k, v] = [randn([1, 2, 230, 24], generator, backend), randn([1, 2, 230, 20], generator, backend)];
      return compute(() => scaledDotProductAttention(q, k, v, { causal: true }));
    };
    const expected = await attend(createCpuBackend());
    const ours = await attend(await createWebgpuBackend({ ...given!, software: false, blockBytes: 16384 }));
    for (const [i, x] of ours.entries()) expect(x).toBeCloseTo(expected[i], 5);
    given!.device.destroy();
  });

  it("what only one kernel could do is refused by name, with sizes", async () => {
    const given = await testDevice();
    const backend = await createWebgpuBackend({ ...given!, blockBytes: 16384 });
    const x = full([5000], 1, "f32", backend);
    expect(() => topk(x, 3000)).toThrow(OutOfMemoryError);
    expect(() => topk(x, 3000)).toThrow(
      "must see 0.019 MiB of one tensor at once; this device binds 0.016 MiB at most",
    );
    given!.device.destroy();
  });
});
