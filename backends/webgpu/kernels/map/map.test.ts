import { describe, expect, it } from "vitest";
import { call, type Expr, input, number } from "../../../../core/expr.ts";
import { compute, elementwise, fromData, full, scope } from "../../../../tensor/index.ts";
import { expectClose } from "../../../conformance/compare.ts";
import { printExpression } from "../../wgsl/expression.ts";
import { testDevice } from "../../testDevice.ts";
import { createWebgpuBackend } from "../../webgpu.ts";

const found = await testDevice({ defaultLimits: true });

describe.skipIf(!found)("elementwise kernels", () => {
  it("take more tensors than a kernel has buffers", async () => {
    const backend = await createWebgpuBackend(found!);
    const names = Array.from({ length: 12 }, (_, i) => `t${i}`);
    const sum = elementwise(`dozen(${names}) = ${names.join(" + ")}`);
    const tensors = names.map((_, i) => fromData(Float32Array.of(i, 2 * i), [2], "f32", backend));
    expectClose("dozen", await compute(() => sum(...tensors)), [66, 132]);
    for (const t of tensors) t.dispose();
    expect(backend.memory.live).toBe(0);
    backend.device.destroy();
  });

  it("can be compiled before they are needed, without running", async () => {
    const backend = await createWebgpuBackend((await testDevice())!);
    const x = fromData(Float32Array.of(1, 2), [2], "f32", backend);
    const work = () => x.matmul(x.add(1)).sub(x.sum());
    const [before, create] = [backend.memory, backend.device.createBuffer];
    backend.device.createBuffer = () => {
      throw new Error("took memory");
    };
    await backend.precompile(() => scope(work).dispose()); // what nobody keeps would not be computed
    backend.device.createBuffer = create;
    expect(backend.memory).toEqual(before);
    expect(backend.counters).toEqual({ dispatches: 0, submits: 0, uploads: 1, reads: 0 });
    backend.device.createComputePipeline = () => {
      throw new Error("compiled late");
    };
    expect(await compute(work)).toEqual(Float32Array.of(5));
    backend.device.destroy();
  });

  it("cannot be read while they are only compiled", async () => {
    const backend = await createWebgpuBackend((await testDevice())!);
    let reading: Promise<unknown> | undefined;
    await backend.precompile(() => {
      reading = compute(() => full([2], 1, "f32", backend));
      reading.catch(() => {});
    });
    await expect(reading).rejects.toThrow("precompile: the work must not read, as nothing is computed");
    expect(backend.memory.live).toBe(0);
    backend.device.destroy();
  });

  it("are compiled once for all numbers and sizes, unused inputs or not", async () => {
    const backend = await createWebgpuBackend((await testDevice())!);
    const scaled = elementwise("scaled(x, y, s) = s * x");
    const compile = backend.device.createComputePipeline.bind(backend.device);
    let compiled = 0;
    backend.device.createComputePipeline = (descriptor) => {
      compiled++;
      return compile(descriptor);
    };
    for (const [n, s] of [
      [3, 0.5],
      [3, 2],
      [500, -1],
    ]) {
      const x = fromData(new Float32Array(n).fill(3), [n], "f32", backend);
      expect((await compute(() => scaled(x, x, s)))[n - 1]).toBe(3 * s);
      expect((await compute(() => scaled(x, 7, s)))[n - 1]).toBe(3 * s);
    }
    expect(compiled).toBe(1);
    backend.device.destroy();
  });
});

describe("printed expressions", () => {
  const text = (e: Expr, types: ("f32" | "i32" | "bool")[]) => {
    const { lines, value, type } = printExpression(e, types);
    return [...lines.map((line) => line.trim()), `${type} ${value}`].join(" ");
  };

  it("keep whole numbers whole", () => {
    expect(text(call("add", input(0), number(1)), ["i32"])).toBe("let v0 = x0 + 1i; i32 v0");
    expect(text(call("add", input(0), number(1)), ["f32"])).toBe("let v0 = x0 + 1f; f32 v0");
    expect(text(call("div", input(0), number(2)), ["i32"])).toBe("let v0 = quotient(f32(x0), 2f); f32 v0");
    expect(text(call("add", input(0), number(-(2 ** 31))), ["i32"])).toBe("let v0 = x0 + (-2147483647i - 1i); i32 v0");
  });

  it("compute equal parts once", () => {
    const square = call("mul", input(0), input(0));
    expect(text(call("add", square, square), ["f32"])).toBe("let v0 = x0 * x0; let v1 = v0 + v0; f32 v1");
  });
});
