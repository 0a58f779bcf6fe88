import { describe, expect, it } from "vitest";
import { countingBackend } from "./counting.fixture.ts";
import { assign, keep, memory, scope, squaredNorms, tensor, updateRule, valueAndGrad, zeros } from "./index.ts";

const shrink = updateRule("shrunk(p, m, rate) = p - rate * m", "remembered(p, m, rate) = m + p");
const values = (...tensors: ReturnType<typeof tensor>[]) => tensors.map((t) => [...t.dataSync()]);

// wasm has the kernel, cpu the composite
describe.each(["wasm", "cpu"])("on %s", (name) => {
  it("a rule gives tensors new values: the same objects, from the old values of all", () => {
    const backend = countingBackend(name);
    const [a, b, m, n] = [[1, 2], [[3]], [10, 20], [[4]]].map((list) => keep(tensor(list, "f32", backend)));
    const before = memory();
    scope(() => shrink([[a, m, 0.5], [b, n, 2]])); // biome-ignore format: two items
    expect(values(a, b, m, n)).toEqual([[-4, -8], [-5], [11, 22], [7]]);
    expect(memory()).toEqual(before);
    if (name === "wasm") expect(backend.counts).toEqual({ launches: 1, allocations: 4 });
  });

  it("who holds the old values keeps them; views and whole memory see the new ones", () => {
    const backend = countingBackend(name);
    const [p, m] = [tensor([1, 2], "f32", backend), tensor([1, 1], "f32", backend)];
    const old = p.held();
    scope(() => shrink([[p, m, 1]]));
    expect(values(p, m, old)).toEqual([[0, 1], [2, 3], [1, 2]]); // biome-ignore format: one line
    old.dispose();
    expect(values(p)).toEqual([[0, 1]]);
  });

  it("lets what waits to read the old values read them first", () => {
    const backend = countingBackend(name);
    const [p, m] = [tensor([1, 2], "f32", backend), tensor([1, 1], "f32", backend)];
    scope(() => {
      const twice = p.mul(2);
      shrink([[p, m, 1]]);
      expect(values(twice, p)).toEqual([[2, 4], [0, 1]]); // biome-ignore format: one line
    });
  });

  it("takes what is not contiguous, of other dtypes, or of one element, too", () => {
    const backend = countingBackend(name);
    const [p, half] = [zeros([2, 2], "f32", backend), tensor([3, 5], "f16", backend)];
    const factor = tensor(2, "f32", backend);
    const scaled = updateRule("filled(p, by) = p + by * 2");
    scope(() => scaled([[p, factor], [half, factor]])); // biome-ignore format: two items
    expect(values(p, half)).toEqual([[4, 4, 4, 4], [7, 9]]); // biome-ignore format: one line
    expect(half.dtype).toBe("f32");
    const sums = squaredNorms([p.transpose(0, 1), half, tensor([1, 2], "bf16", backend)]);
    expect(values(sums)).toEqual([[64, 130, 5]]);
  });
});

describe("assign", () => {
  it("refuses another shape, and a change while a gradient is computed", () => {
    const [p, q] = [tensor([1, 2]), tensor([3, 4])];
    expect(() => assign(p, tensor([1]))).toThrow("assign: expected shape [2], got [1]");
    const change = () => {
      shrink([[p, q, 1]]);
      return p.sum();
    };
    expect(() => valueAndGrad(change, new Map([["p", p]]))).toThrow("cannot change while a gradient is computed");
    expect(values(p)).toEqual([[1, 2]]);
  });

  it("lets two tensors that took over the same memory go their own ways", () => {
    const before = memory();
    const [a, b, value] = [zeros([2]), zeros([2]), tensor([1, 2])];
    assign(a, value);
    assign(b, value);
    value.dispose(); // theirs by now
    shrink([[a, zeros([2]).add(1), 1]]);
    expect(values(a, b)).toEqual([[0, 1], [1, 2]]); // biome-ignore format: one line
    a.dispose();
    expect(values(b)).toEqual([[1, 2]]);
    b.dispose();
    expect(memory().bytes - before.bytes).toBe(2 * 4 + 4); // of what the rule was given: ones, and the zero below it
  });
});

describe("valueAndGrad", () => {
  it("refuses a parameter that has been freed", () => {
    const p = tensor([1, 2]);
    p.dispose();
    expect(() => valueAndGrad(() => zeros([]), new Map([["layer.weight", p]]))).toThrow(
      'valueAndGrad: parameter "layer.weight" has been freed: its module was disposed',
    );
  });
});
