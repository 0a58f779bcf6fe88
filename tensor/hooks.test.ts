import { expect, test } from "vitest";
import { memory, registerHook, scope, tensor, valueAndGrad } from "./index.ts";

test("a hook sees a parameter's gradient and may put another in its place, as PyTorch's", async () => {
  // torch: w = tensor([2., 3.], requires_grad=True); w.register_hook(lambda g: g * 10); ((w * x) ** 2).sum().backward()
  const w = tensor([2, 3]);
  const x = tensor([1, 2]);
  const seen: string[] = [];
  const loss = () => w.mul(x).mul(w.mul(x)).sum();
  const takeAway = [
    registerHook(w, (grad) => void seen.push(String(grad))),
    registerHook(w, (grad) => grad.mul(10)),
    registerHook(w, (grad) => grad.add(1)),
  ];
  const gradOf = async () => {
    const { value, grads } = valueAndGrad(loss, new Map([["w", w]]));
    const found = Array.from(await grads.get("w")!.data());
    for (const t of [value, ...grads.values()]) t.dispose();
    return found;
  };
  await gradOf();
  const before = memory().bytes;
  expect(await gradOf()).toEqual([41, 241]); // 2 w x² = [4, 24]
  expect(memory().bytes).toBe(before); // what a hook replaced is freed
  expect(seen).toEqual(["f32[2] wasm", "f32[2] wasm"]);
  takeAway[1]();
  expect(await gradOf()).toEqual([5, 25]);
  for (const stop of takeAway) stop();
  expect(await gradOf()).toEqual([4, 24]);
});

test("a hook's gradient has its parameter's shape; what is no function, and no Map, is refused in words", () => {
  const w = tensor([2, 3]);
  const stop = registerHook(w, (grad) => grad.sum());
  const parameters = new Map([["w", w]]);
  expect(() => scope(() => void valueAndGrad(() => w.sum(), parameters))).toThrow(/a hook returned f32\[\] .* \[2\]/);
  stop();
  expect(() => valueAndGrad(() => w.sum(), w as never)).toThrow("expected a function and a Map of tensors");
  const twice = () => valueAndGrad(() => w.sum(), parameters).value;
  expect(() => valueAndGrad(twice, parameters)).toThrow("gradients of gradients are not supported");
});
