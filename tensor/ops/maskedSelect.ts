import { DTypeError, InfimmError } from "../../core/errors.ts";
import { broadcastShapes, broadcastStrides, contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { fromData } from "./creation.ts";
import { indexSelect } from "./indexing.ts";
import { expand, flatten } from "./views.ts";

/**
 * Where `t` is not 0, in row-major order: i32 [n, rank], as torch.nonzero. The shape depends on the data, so it waits for
 * them. `nonzeroSync` does not.
 */
export async function nonzero(t: Tensor): Promise<Tensor> {
  return places(await t.data(), t);
}

/** `nonzero` at once, on backends that can read at once (cpu, wasm); elsewhere an error. */
export function nonzeroSync(t: Tensor): Tensor {
  return places(read("nonzeroSync", "nonzero", t), t);
}

/** The data of `t` at once, or an error that names what waits. */
function read(op: string, waiting: string, t: Tensor): ArrayLike<number> {
  if (t.backend.readSync) return t.dataSync();
  throw new InfimmError(
    `${op}: ${t.backend.name} cannot read at once, and the shape depends on the data; await ${waiting}`,
  );
}

function places(data: ArrayLike<number>, { shape, backend }: Tensor): Tensor {
  const strides = contiguousStrides(shape);
  const found = trueOnes(data);
  const at = found.flatMap((i) => strides.map((stride, axis) => Math.floor(i / stride) % shape[axis]));
  return fromData(Int32Array.from(at), [found.length, shape.length], "i32", backend);
}

function trueOnes(data: ArrayLike<number>): number[] {
  const found: number[] = [];
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) found.push(i);
  return found;
}

/**
 * The elements where `mask` (bool, broadcasts with `t`) is true, as a vector, as torch.masked_select. It waits for the
 * mask; no gradient flows through what waits: `maskedSelectSync` has one.
 */
export async function maskedSelect(t: Tensor, mask: Tensor): Promise<Tensor> {
  requireMask(mask);
  return selected(t, mask, await mask.data());
}

/** `maskedSelect` at once, with a gradient, on backends that can read at once (cpu, wasm); elsewhere an error. */
export function maskedSelectSync(t: Tensor, mask: Tensor): Tensor {
  requireMask(mask);
  return selected(t, mask, read("maskedSelectSync", "maskedSelect", mask));
}

function requireMask(mask: Tensor): void {
  if (mask.dtype !== "bool") throw new DTypeError(`maskedSelect: expected a bool mask, got ${mask}`);
}

function selected(t: Tensor, mask: Tensor, truth: ArrayLike<number>): Tensor {
  const shape = broadcastShapes("maskedSelect", t.shape, mask.shape);
  const strides = contiguousStrides(shape);
  const steps = broadcastStrides(mask.shape, contiguousStrides(mask.shape), shape);
  const flags = Uint8Array.from({ length: sizeOf(shape) }, (_, i) => {
    return truth[steps.reduce((at, step, axis) => at + step * (Math.floor(i / strides[axis]) % shape[axis]), 0)];
  });
  const at = Int32Array.from(trueOnes(flags));
  return indexSelect(flatten(expand(t, shape)), 0, fromData(at, [at.length], "i32", t.backend));
}
