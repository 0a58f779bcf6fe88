import { expect, it } from "vitest";
import { countingBackend } from "./counting.fixture.ts";
import { chunk, differentiable, keep, memory, scope, slice, type Tensor, tensor, valueAndGrad } from "./index.ts";

const gradOf = (fn: (x: Tensor) => Tensor, x: Tensor) =>
  [
    ...valueAndGrad(() => fn(x), new Map([["x", x]]))
      .grads.get("x")!
      .dataSync(),
  ] as number[];
const rows = (backend = countingBackend("wasm")) => tensor([[1, 2, 3, 4], [5, 6, 7, 8]], "f32", backend); // biome-ignore format: rows

it("stretches side by side, over one another, with gaps, and beside whole gradients add up", () => {
  const weigh = (x: Tensor, start: number, end: number, by: number) => slice(x, 1, start, end).mul(by).sum();
  const cases: [(x: Tensor) => Tensor, number[]][] = [
    [(x) => weigh(x, 0, 2, 3).add(weigh(x, 2, 4, 5)), [3, 3, 5, 5]],
    [(x) => weigh(x, 2, 4, 5).add(weigh(x, 0, 2, 3)), [3, 3, 5, 5]],
    [(x) => weigh(x, 1, 2, 3), [0, 3, 0, 0]],
    [(x) => weigh(x, 3, 4, 2).add(weigh(x, 0, 1, 3)), [3, 0, 0, 2]],
    [(x) => weigh(x, 0, 3, 1).add(weigh(x, 1, 4, 2)), [1, 3, 3, 2]],
    [(x) => x.sum().add(weigh(x, 1, 3, 2)), [1, 3, 3, 1]],
    [
      (x) =>
        weigh(x, 1, 3, 2)
          .add(x.mul(x).mul(0).sum())
          .add(weigh(x, 0, 1, 4)),
      [4, 2, 2, 0],
    ],
    [
      (x) =>
        slice(x, 0, 0, 1)
          .sum()
          .add(weigh(x, 1, 2, 10)),
      [1, 11, 1, 1],
    ],
  ];
  for (const [fn, line] of cases) {
    const second = fn === cases.at(-1)![0] ? [0, 10, 0, 0] : line;
    scope(() => expect(gradOf(fn, rows())).toEqual([...line, ...second]));
  }
});

it("the halves of `chunk` are written next to each other: one allocation, nothing is cleared or added", () => {
  const backend = countingBackend("wasm");
  const x = rows(backend);
  const weigh = () => chunk(x, 2, 1).map((part, i) => part.mul(i + 1).sum()).reduce((a, b) => a.add(b)); // biome-ignore format: one line
  scope(() => expect(gradOf(weigh, x)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]));
  const { copy } = backend;
  const cleared: (readonly number[])[] = [];
  Object.assign(backend, {
    copy(from: Parameters<typeof copy>[0], to: Parameters<typeof copy>[1]) {
      if (from.strides.every((stride) => stride === 0)) cleared.push(to.shape);
      copy(from, to);
    },
  });
  scope(() => gradOf(weigh, x));
  expect(cleared).toEqual([]); // no zeros were written that gradients then replace
});

it("adds in place only where nobody else looks: not to what two inputs share, nor to what was kept", () => {
  const seen: Tensor[] = [];
  /** x, and its gradient a new tensor for both inputs alike. */
  const both = (a: Tensor, b: Tensor) =>
    differentiable([a, b], () => a.add(b), (grad) => {
      const g = grad.mul(1);
      return [g, g];
    }); // biome-ignore format: one call
  const kept = (t: Tensor) =>
    differentiable([t], () => t.mul(1), (grad) => {
      const g = grad.mul(2);
      seen.push(keep(g));
      return [g];
    }); // biome-ignore format: one call
  const before = memory();
  scope(() => {
    const backend = countingBackend("wasm");
    const [x, y] = [rows(backend), rows(backend)];
    const loss = () => both(x, y).sum().add(x.mul(3).sum()).add(kept(x).sum()).add(x.mul(5).sum());
    const { grads } = valueAndGrad(loss, new Map([["x", x], ["y", y]])); // biome-ignore format: one line
    expect([...grads.get("x")!.dataSync()]).toEqual(new Array(8).fill(11));
    expect([...grads.get("y")!.dataSync()]).toEqual(new Array(8).fill(1));
  });
  expect([...seen[0].dataSync()]).toEqual(new Array(8).fill(2));
  seen[0].dispose();
  expect(memory()).toEqual(before);
});

it("gradients are given back as soon as they have flowed on", () => {
  const backend = countingBackend("wasm");
  const size = 2 ** 16;
  let [live, most] = [0, 0];
  const { alloc, free } = backend;
  const watched = Object.assign(backend, {
    alloc(bytes: number) {
      most = Math.max(most, (live += bytes));
      return alloc(bytes);
    },
    free(buffer: Parameters<typeof free>[0]) {
      live -= buffer.byteLength;
      free(buffer);
    },
  });
  const x = tensor(new Array(size).fill(0.5), "f32", watched);
  const depth = 12;
  scope(() => {
    const chain = () =>
      Array.from({ length: depth })
        .reduce<Tensor>((y) => y.sin(), x)
        .sum();
    valueAndGrad(chain, new Map([["x", x]]));
  });
  expect(most).toBeLessThan((depth + 5) * 4 * size); // activations and a few gradients, not as many of these again
});
