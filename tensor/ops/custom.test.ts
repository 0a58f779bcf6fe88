import { expect, it } from "vitest";
import { valueAndGrad } from "../autograd.ts";
import { getBackend } from "../backend.ts";
import { elementwise } from "./elementwise.ts";
import { tensor } from "./creation.ts";
import { customOp } from "./custom.ts";

const x = tensor([1, -2, 3]);
const { name: here } = getBackend();

it("without a gradient of its own, training goes through `otherwise`", async () => {
  const ran: string[] = [];
  const square = customOp({
    name: "square",
    shape: (t) => t.shape,
    otherwise(t) {
      ran.push("otherwise");
      return t.mul(t);
    },
    kernels: { [here]: () => void ran.push("kernel") },
  });
  const { grads } = valueAndGrad(() => square(x).sum(), new Map([["x", x]]));
  expect([...(await grads.get("x")!.data())]).toEqual([2, -4, 6]);
  square(x).dispose();
  expect(ran).toEqual(["otherwise", "kernel"]);
});

it("with a gradient of its own, the kernel runs in training, too", async () => {
  const one = customOp({
    name: "one",
    shape: (t) => t.shape,
    otherwise: (t) => t,
    kernels: { [here]: (backend, _, out) => backend.copy(x, out) },
    gradient: () => (grad) => [grad.mul(7)],
  });
  const { grads } = valueAndGrad(() => one(x).sum(), new Map([["x", x]]));
  expect([...(await grads.get("x")!.data())]).toEqual([7, 7, 7]);
});

it("a line called with too few arguments says how many it takes", () => {
  const sum = elementwise("sumOf(a, b) = a + b");
  expect(() => (sum as (...args: unknown[]) => unknown)(x)).toThrow("sumOf(a, b): expected 2 arguments, got 1");
});
