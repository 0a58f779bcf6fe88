import { afterAll, describe, expect, it } from "vitest";
import { call, input } from "../../core/expr.ts";
import { computesTiny } from "../../golden/tinySuite.ts";
import { type Backend, openBackend } from "../../tensor/backend.ts";
import { conformance } from "../conformance.ts";
import { Bench } from "../conformance/samples.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { createMetaBackend } from "../meta/meta.ts";
import { testDevice } from "../webgpu/testDevice.ts";
import { createWebgpuBackend } from "../webgpu/webgpu.ts";
import { createGpuJsBackend } from "./gpujs.ts";

const found = await testDevice();
const webgpu = found && (await createWebgpuBackend(found));
afterAll(() => found?.device.destroy());

const MODES = [
  { mode: "cpu", base: createCpuBackend() },
  { mode: "webasm", base: createCpuBackend() },
  ...(webgpu ? [{ mode: "webgpu", base: webgpu } as const] : []),
] as const;

describe.each(MODES)("gpu.js in mode $mode", (options) => {
  // on a GPU in software all cases take long: webgpu.long.test.ts
  conformance("it", () => createGpuJsBackend(options), { part: options.mode === "webgpu" ? "few" : "usual" });

  // in mode webgpu, on a GPU in software, it takes long: webgpu.long.test.ts
  if (options.mode !== "webgpu") it("computes infimm-tiny as PyTorch does: activations, taps, the first words", async () => computesTiny(await createGpuJsBackend(options))); // biome-ignore format: one line

  it("finds elements beyond 2^24, where f32 has no odd numbers", async () => {
    const backend = await createGpuJsBackend(options);
    const bench = new Bench(backend);
    const strides = [2 ** 23 + 1, 1];
    const data = new Float32Array(2 * strides[0] + 2);
    for (let i = 0; i < 6; i++) data[Math.floor(i / 2) * strides[0] + (i % 2)] = i + 1;
    const t = { ...bench.out([data.length]), shape: [3, 2], strides }; // [[1, 2], [3, 4], [5, 6]]
    backend.write(t.buffer, data);
    const results = {
      map: bench.out([3, 2]),
      rows: bench.out([3, 1]),
      columns: bench.out([1, 2]),
      left: bench.out([3, 1]),
      right: bench.out([1, 2]),
      gather: bench.out([1, 2]),
      scan: bench.out([3, 2]),
    };
    backend.map(call("neg", input(0)), [t], results.map);
    backend.reduce("sum", t, [1], results.rows);
    backend.reduce("max", t, [0], results.columns);
    backend.matmul(t, bench.place([2, 1], [1, 10]), results.left);
    backend.matmul(bench.place([1, 3], [1, 10, 100]), t, results.right);
    backend.gather(t, 0, bench.place([1, 2], [1, 2], "i32"), results.gather);
    backend.scan(t, results.scan);
    const read: Record<string, number[]> = {};
    for (const [name, out] of Object.entries(results)) read[name] = [...(await bench.read(out))];
    bench.free();
    expect(read).toEqual({
      map: [-1, -2, -3, -4, -5, -6],
      rows: [3, 7, 11],
      columns: [5, 6],
      left: [21, 43, 65],
      right: [531, 642],
      gather: [3, 6],
      scan: [1, 3, 3, 7, 5, 11],
    });
  });

  it("takes more threads in each direction than a GPU has groups for", async () => {
    const backend = await createGpuJsBackend(options);
    const bench = new Bench(backend);
    const n = 600_000;
    const ones = (shape: number[]) => ({ ...bench.place([1], [1]), shape, strides: shape.map(() => 0) });
    const results = {
      map: bench.out([2, n]),
      rows: bench.out([n, 1]),
      product: bench.out([1, n]),
      batches: bench.out([70_000, 1, 1]),
      gather: bench.out([n]),
      scan: bench.out([70_000, 3]),
    };
    const column = { ...bench.place([2], [1, 2]), shape: [2, n], strides: [1, 0] };
    backend.map(call("add", input(0), input(1)), [ones([2, n]), column], results.map);
    backend.reduce("sum", ones([n, 2]), [1], results.rows);
    backend.matmul(ones([1, 2]), ones([2, n]), results.product);
    backend.matmul(ones([70_000, 1, 2]), ones([70_000, 2, 1]), results.batches);
    backend.gather(ones([2]), 0, { ...bench.place([1], [1], "i32"), shape: [n], strides: [0] }, results.gather);
    backend.scan(ones([70_000, 3]), results.scan);
    const ends: Record<string, number> = {};
    for (const [name, out] of Object.entries(results)) ends[name] = (await bench.read(out)).at(-1)!;
    bench.free();
    expect(ends).toEqual({ map: 3, rows: 2, product: 2, batches: 2, gather: 1, scan: 3 });
  });

  it.skipIf(options.mode === "webgpu")("says which index is out of range", async () => {
    const backend = await createGpuJsBackend(options);
    const bench = new Bench(backend);
    const [table, ids] = [bench.place([3], [1, 2, 3]), bench.place([2], [1, 3], "i32")];
    const refused = "index 3 is out of range; expected 0 to 2";
    expect(() => backend.gather(table, 0, ids, bench.out([2]))).toThrow(`gather: ${refused}`);
    expect(() => backend.scatterAdd(table, 0, ids, bench.place([2], [1, 1]))).toThrow(`scatterAdd: ${refused}`);
    bench.free();
  });

  it("leaves no f32 kernel to the backend below", async () => {
    const refuse = (): never => {
      throw new Error("the backend below was asked");
    };
    const names = ["map", "reduce", "matmul", "copy", "gather", "scan"] as const;
    const deaf: Backend = { ...options.base, ...Object.fromEntries(names.map((name) => [name, refuse])) };
    const backend = await createGpuJsBackend({ mode: options.mode, base: deaf });
    const bench = new Bench(backend);
    const [a, b] = [bench.random("a", [5, 7]), bench.random("b", [5, 7], "f32", "transposed")];
    const [sum, product, rows, copied, running] = [
      [5, 7],
      [5, 5],
      [5, 1],
      [5, 7],
      [5, 7],
    ].map((s) => bench.out(s));
    backend.map(call("add", input(0), input(1)), [a, b], sum);
    backend.matmul(a, { ...b, shape: [7, 5], strides: [...b.strides].reverse() }, product);
    backend.reduce("sum", sum, [1], rows);
    backend.copy(b, copied);
    backend.scan(a, running);
    await backend.flush();
    const [total] = await bench.read({ ...rows, shape: [1] });
    expect(total).toBeCloseTo(
      a.values.slice(0, 7).reduce((s, v, i) => s + v + b.values[i], 0),
      5,
    );
    bench.free();
  });
});

it.skipIf(!webgpu)("works in our GPU buffers: nothing is uploaded, read back or copied in between", async () => {
  const backend = await createGpuJsBackend({ mode: "webgpu", base: webgpu! });
  const bench = new Bench(backend);
  const [a, out] = [bench.random("a", [16, 16]), bench.out([16, 16])];
  const square = call("mul", input(0), input(0));
  backend.map(square, [a], out);
  await backend.flush();
  const before = { ...webgpu!.counters };
  for (let i = 0; i < 10; i++) backend.map(square, [a], out);
  await backend.flush();
  expect(webgpu!.counters).toEqual(before);
  expect([...(await bench.read(out))]).toEqual([...a.values].map((v) => Math.fround(v * v)));
  bench.free();
});

it("says what to install where gpu.js is missing", async () => {
  const { loadGpuJs } = await import("./loadGpuJs.ts");
  await expect(loadGpuJs(() => Promise.reject(new Error("not found")))).rejects.toThrow("npm install gpu.js@2.24.1");
});

it("is opened by name, once", async () => {
  const backend = await openBackend("gpujs");
  expect(backend.name).toBe("gpujs");
  expect(await openBackend("gpujs")).toBe(backend);
});

it.each([
  ["webgl2", createCpuBackend(), /mode "webgl2" cannot be had here/],
  ["webgpu", createCpuBackend(), /needs the backend "webgpu" as its base; got "cpu"/],
  ["cpu", createMetaBackend(), /memory of the host.*got "meta"/],
] as const)("refuses mode %s on what cannot carry it", async (mode, base, message) => {
  await expect(createGpuJsBackend({ mode, base })).rejects.toThrow(message);
});
