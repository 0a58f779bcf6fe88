import { InfimmError, ShapeError, showShape } from "../core/errors.ts";
import { isRecording } from "./autograd.ts";
import type { Tensor } from "./tensor.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Give a tensor the contents of another of its shape: it stays the same object, so that whoever holds a parameter sees the
 * new values. Its dtype and backend become those of `value`, whose memory it takes over; what it had is freed, but for
 * those who hold it (`held`). Views of what it had are of freed memory then.
 *
 * @throws if the shapes differ, or while a gradient is computed: the way back may need the old values
 */
export function assign(target: Tensor, value: Tensor): void {
  if (target === value) return;
  requireAtRest("assign", [target]);
  if (showShape(target.shape) !== showShape(value.shape)) {
    throw new ShapeError(`assign: expected shape ${showShape(target.shape)}, got ${showShape(value.shape)}`);
  }
  const [before, now] = [target.storage, value.storage];
  if (before !== now) {
    now.hold(target);
    now.free(value);
    before.free(target);
  }
  const { dtype, strides, offset } = value;
  Object.assign(target as Writable<Tensor>, { storage: now, dtype, strides, offset });
}

/** @throws while a gradient is computed */
export function requireAtRest(who: string, [first]: readonly Tensor[]): void {
  if (isRecording())
    throw new InfimmError(`${who}: ${first} cannot change while a gradient is computed; do it after valueAndGrad`);
}
