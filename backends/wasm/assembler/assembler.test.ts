import { describe, expect, it } from "vitest";
import { signed, unsigned } from "./code.ts";
import { ModuleBuilder } from "./module.ts";
import { f32, f64, i32 } from "./scalar.ts";
import { f32x4, v128 } from "./simd.ts";

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });

function run(module: ModuleBuilder, ...args: number[]): unknown {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), {
    host: { memory, twice: (x: number) => 2 * x },
  });
  return (exports["run"] as (...args: number[]) => unknown)(...args);
}

it("writes numbers as LEB128, as in the specification's examples", () => {
  expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(signed(-123456)).toEqual([0xc0, 0xbb, 0x78]);
  expect([0, 127, 128, 2 ** 32 - 1].map(unsigned)).toEqual([[0], [127], [128, 1], [255, 255, 255, 255, 15]]);
  expect([0, 63, 64, -1, -64, -65].map(signed)).toEqual([[0], [63], [192, 0], [127], [64], [191, 127]]);
});

describe("a module", () => {
  it("loops, branches and calls", () => {
    const m = new ModuleBuilder();
    const square = m.func({ x: "i32" }, "i32", (f, { x }) => f.emit(i32.mul(x, x)));
    m.export("run", { n: "i32" }, "i32", (f, { n }) => {
      const sum = f.local("i32");
      f.while(n, () => {
        f.if(
          i32.and(n, i32.const(1)),
          () => f.set(sum, i32.add(sum, square.call(n))),
          () => f.add(sum, -1),
        );
        f.add(n, -1);
      });
      f.emit(sum);
    });
    expect(run(m, 5)).toBe(1 + 9 + 25 - 2);
    expect(run(m, 0)).toBe(0);
  });

  it("leaves blocks, and begins loops again, from inside of others", () => {
    const m = new ModuleBuilder();
    m.export("run", { n: "i32" }, "i32", (f, { n }) => {
      const turns = f.local("i32");
      f.block((end) =>
        f.loop((again) => {
          f.add(turns, 1);
          f.if(i32.gt_s(turns, n), () => f.br(end));
          f.block((inner) => {
            f.br(inner, i32.lt_s(turns, i32.const(0)));
            f.br(again);
          });
        }),
      );
      f.emit(turns);
    });
    expect(run(m, 7)).toBe(8);
  });

  it("computes with vectors in shared memory, and calls the host", () => {
    const m = new ModuleBuilder();
    const twice = m.import("twice", ["f64"], "f64");
    m.export("run", { at: "i32" }, "f64", (f, { at }) => {
      f.emit(v128.store(at, f32x4.add(v128.load(at), v128.f32(0.5)), 16));
      f.emit(f32.store(at, f32.sqrt(f32.load(at, 28)), 32));
      f.emit(twice.call(f64.promote_f32(f32.load(at, 32))));
    });
    new Float32Array(memory.buffer, 64, 4).set([1, 2, 3, 15.5]);
    expect(run(m, 64)).toBe(8);
    expect([...new Float32Array(memory.buffer, 80, 4)]).toEqual([1.5, 2.5, 3.5, 16]);
  });
});
