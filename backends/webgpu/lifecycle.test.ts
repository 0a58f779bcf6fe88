import { describe, expect, it } from "vitest";
import { Generator } from "../../core/random.ts";
import { Linear, Module } from "../../nn/index.ts";
import { loadPretrained } from "../../model/checkpoint/pretrained.ts";
import { generateSteps } from "../../model/generate/generate.ts";
import {
  type Backend,
  compute,
  fromData,
  matmul,
  memory,
  randn,
  scaledDotProductAttention,
  scatterAdd,
  silu,
  softmax,
  type Tensor,
} from "../../tensor/index.ts";
import { DeviceLostError, OutOfMemoryError, WebgpuError } from "./errors.ts";
import { takeRefusals, testDevice } from "./testDevice.ts";
import { createWebgpuBackend, type WebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
const open = async () => createWebgpuBackend((await testDevice())!);

class TwoLayers extends Module {
  up: Linear;
  down: Linear;

  constructor(backend: Backend) {
    super();
    this.up = new Linear(16, 32);
    this.down = new Linear(32, 16);
    const generator = new Generator(1);
    for (const [path, { shape }] of [...this.parameters()]) this.setTensor(path, randn(shape, generator, backend));
  }

  forward(x: Tensor): Tensor {
    return this.down.call(silu(this.up.call(x)));
  }
}

/** Attention, sums and scattered sums: what could depend on who comes first. */
async function bytesOf(backend: Backend): Promise<string> {
  const generator = new Generator(7);
  const x = randn([1, 2, 70, 16], generator, backend);
  const index = fromData(
    Int32Array.from({ length: 70 * 16 }, (_, i) => i % 5),
    [70, 16],
    "i32",
    backend,
  );
  const out = await compute(() => {
    const seen = scaledDotProductAttention(x, x, x, { causal: true });
    const rows = softmax(matmul(seen, seen.transpose(2, 3)), -1);
    const flat = seen.select(1, 0).select(0, 0);
    return scatterAdd(flat.zerosLike().slice(0, 0, 70), 0, index, flat)
      .sum()
      .add(rows.sum())
      .add(seen.sum(0));
  });
  return Buffer.from(out.buffer).toString("base64");
}

describe.skipIf(!found)("webgpu", () => {
  it("gives the same bytes 20 times", async () => {
    const backend = await open();
    const first = await bytesOf(backend);
    for (let run = 1; run < 20; run++) expect(await bytesOf(backend)).toBe(first);
    backend.device.destroy();
  });

  it("leaves memory where it was after 1,000 forward passes", async () => {
    const backend = await open();
    const model = new TwoLayers(backend);
    const x = randn([4, 16], new Generator(2), backend);
    const once = () => compute(() => model.call(x));
    await once();
    const [before, gpu] = [memory(), backend.memory];
    for (let pass = 0; pass < 1000; pass++) {
      if (pass % 50 === 0) await once();
      else model.call(x).dispose();
    }
    expect(memory()).toEqual(before);
    expect(backend.memory).toEqual(gpu);
    backend.device.destroy();
  });

  it("leaves memory where it was after 100 rounds of loading and unloading", async () => {
    const backend = await open();
    const round = async () => (await loadPretrained("golden/fixtures/tiny-llama", { backend })).dispose();
    await round();
    const [before, gpu] = [memory(), backend.memory];
    for (let i = 0; i < 100; i++) await round();
    await backend.flush();
    expect(memory()).toEqual(before);
    expect(backend.memory).toEqual(gpu);
    backend.device.destroy();
  });

  it.each([null, { topK: 5 }])(
    "submits once for each decoded token, and reads little (sampling: %j)",
    async (sampling) => {
      const backend = await open();
      const model = await loadPretrained("golden/fixtures/tiny-llama", { backend });
      const submits: number[] = [];
      const bytes: number[] = [];
      const { read } = backend;
      backend.read = (buffer, byteOffset, byteLength) => {
        bytes.push(byteLength);
        return read(buffer, byteOffset, byteLength);
      };
      let before = 0;
      const options = { maxNewTokens: 6, sampling, eosTokenIds: [] };
      for await (const _ of generateSteps(model, prompt(model.config.visual.image_size), options)) {
        submits.push(backend.counters.submits - before);
        before = backend.counters.submits;
      }
      expect(submits).toHaveLength(6);
      expect(submits.slice(1).every((count) => count === 1)).toBe(true);
      expect(bytes).toEqual(new Array(6).fill(sampling ? 6 * 2 * 4 : 4));
      model.dispose();
      backend.device.destroy();
    },
  );

  it("says how much memory was asked for, and the limit", async () => {
    const backend = await open();
    expect(() => backend.alloc(2 ** 40)).toThrow(OutOfMemoryError);
    expect(() => backend.alloc(2 ** 40)).toThrow(
      "a tensor of 1048576.0 MiB was asked for; a tensor has 8192.0 MiB at most",
    );
    expect(backend.memory.live).toBe(0);
    backend.device.destroy();
  });

  it("tells at the next read that the GPU had no memory left", async () => {
    const backend = await open();
    const kept = fromData(Float32Array.of(1), [1], "f32", backend);
    backend.device.popErrorScope = async () => ({ message: "out of memory" }) as GPUError;
    const buffer = backend.alloc(1000);
    await expect(kept.data()).rejects.toThrow(OutOfMemoryError);
    await expect(kept.data()).resolves.toEqual(Float32Array.of(1));
    backend.free(buffer);
    kept.dispose();
    backend.device.destroy();
  });

  it("tells at the next read what WebGPU refused", async () => {
    const backend = await open();
    const kept = fromData(Float32Array.of(1), [1], "f32", backend);
    backend.recorder.dispatch({ key: "bad", source: () => "not WGSL", blocks: [], params: [0], groups: 1 });
    await expect(kept.data()).rejects.toThrow(WebgpuError);
    await expect(kept.data()).resolves.toEqual(Float32Array.of(1));
    expect(takeRefusals()[0]).toContain("not WGSL");
    kept.dispose();
    backend.device.destroy();
  });
});

/** What a model does until its device is destroyed. */
const MOMENTS: [when: string, run: (backend: WebgpuBackend) => Promise<unknown>][] = [
  [
    "idle",
    async (backend) => {
      const x = fromData(Float32Array.of(1), [1], "f32", backend);
      backend.device.destroy();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return x.data();
    },
  ],
  [
    "during an upload",
    async (backend) => {
      const loading = loadPretrained("golden/fixtures/tiny-llama", { backend }).then(async (model) => {
        await model.stateDict().get("model.lang_encoder.lm_head.weight")!.data();
      });
      setTimeout(() => backend.device.destroy());
      return loading;
    },
  ],
  [
    "during a forward pass",
    async (backend) => {
      const x = randn([64, 64], new Generator(1), backend);
      return compute(() => {
        const y = matmul(x, x);
        backend.device.destroy();
        return matmul(y, x);
      });
    },
  ],
  [
    "during a read",
    async (backend) => {
      const x = randn([64, 64], new Generator(1), backend);
      const reading = compute(() => matmul(x, x));
      backend.device.destroy();
      return reading;
    },
  ],
  [
    "while decoding",
    async (backend) => {
      const model = await loadPretrained("golden/fixtures/tiny-llama", { backend });
      let tokens = 0;
      const prompts = prompt(model.config.visual.image_size);
      for await (const _ of generateSteps(model, prompts, { maxNewTokens: 6, eosTokenIds: [] }))
        if (++tokens === 2) backend.device.destroy();
      return tokens;
    },
  ],
];

describe.skipIf(!found)("a device that is destroyed", () => {
  it.each(MOMENTS)("%s fails by name, and a new one works", async (_, run) => {
    const backend = await open();
    await expect(run(backend)).rejects.toThrow(DeviceLostError);
    expect(backend.lost).toBe(true);
    const next = await open();
    expect(await bytesOf(next)).toBe(await bytesOf(next));
    next.device.destroy();
  });
});

function prompt(size: number) {
  return {
    inputIds: [[1, 5, 9, 12]],
    attentionMask: [[1, 1, 1, 1]],
    pixelValues: new Float32Array(3 * size * size),
    pixelShape: [1, 1, 1, 3, size, size],
  };
}
