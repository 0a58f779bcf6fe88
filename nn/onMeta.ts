import { empty, getBackend, Tensor, withBackend } from "../tensor/index.ts";
import type { Module } from "./module.ts";

/**
 * Run `fn` while a module sees each of its parameters and buffers as a shape on the meta backend. Afterwards, also
 * after an error, everything is as before; weights that hold data are never touched.
 *
 * @param read called with the path of each parameter or buffer when a forward takes it
 */
export function onMeta<T>(module: Module, read: (path: string) => void, fn: () => T): T {
  return withStandIns(module, (_, tensor) => shapeOnly(tensor), read, () => withBackend("meta", fn)); // biome-ignore format: one line
}

/** Like `onMeta`, with the tensors that `standIn` makes: they are freed afterwards. */
export function withStandIns<T>(
  module: Module,
  standIn: (path: string, tensor: Tensor) => Tensor,
  read: (path: string) => void,
  fn: () => T,
): T {
  const restore: (() => void)[] = [];
  try {
    for (const [parent, owner] of module.modules()) {
      for (const [name, value] of Object.entries(owner)) {
        if (!(value instanceof Tensor)) continue;
        const path = parent === "" ? name : `${parent}.${name}`;
        const instead = standIn(path, value);
        const get = () => {
          read(path);
          return instead;
        };
        Object.defineProperty(owner, name, { get, configurable: true, enumerable: true });
        const plain = { value, configurable: true, enumerable: true, writable: true };
        restore.push(() => {
          Object.defineProperty(owner, name, plain);
          instead.dispose();
        });
      }
    }
    return fn();
  } finally {
    for (const undo of restore) undo();
  }
}

/** Arguments with each tensor, also those in arrays and plain objects, as a shape on the meta backend. */
export function argumentsOnMeta(value: unknown): unknown {
  if (value instanceof Tensor) return shapeOnly(value);
  if (Array.isArray(value)) return value.map(argumentsOnMeta);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, argumentsOnMeta(field)]));
}

function shapeOnly(t: Tensor): Tensor {
  return empty(t.shape, t.dtype, getBackend("meta"));
}
