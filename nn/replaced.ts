import type { Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";

/**
 * Put tensors in the places of parameters or buffers, and of all that is tied to them, until the end of the block:
 * `using r = replaced(model, { "model.perceiver.latents": zeros([64, 96]) })`. Then the old ones stand there again, the
 * very same, also if others were set in the meantime. The tensors given stay yours.
 *
 * @throws if there is no such parameter, or its shape is another; nothing is then changed
 */
export function replaced(module: Module, tensors: Readonly<Record<string, Tensor>>): Disposable {
  const before: [path: string, old: Tensor][] = [];
  const restore = () => {
    for (const [path, old] of before.splice(0).reverse()) module.swapTensor(path, old).dispose();
  };
  try {
    for (const [path, value] of Object.entries(tensors)) {
      const inside = value.held();
      try {
        before.push([path, module.swapTensor(path, inside)]);
      } catch (error) {
        inside.dispose();
        throw error;
      }
    }
  } catch (error) {
    restore();
    throw error;
  }
  return { [Symbol.dispose]: restore };
}
