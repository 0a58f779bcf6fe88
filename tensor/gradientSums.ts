import { full } from "./ops/creation.ts";
import { slice } from "./ops/views.ts";
import type { Storage } from "./scope.ts";
import { empty, type Tensor } from "./tensor.ts";

/** `sum += flow`, in place. */
export type AddInPlace = (sum: Tensor, flow: Tensor) => void;

/** A gradient that is 0 but for the stretch from `start` on along `axis`. */
export class Stretch {
  readonly part: Tensor;
  readonly axis: number;
  readonly start: number;

  constructor(part: Tensor, axis: number, start: number) {
    this.part = part;
    this.axis = axis;
    this.start = start;
  }
}

/** Stretches that were written to their places in a whole. */
interface Pieces {
  readonly whole: Tensor;
  readonly axis: number;
  readonly written: [start: number, end: number][];
}

/**
 * The gradients of a backward pass: what has flowed into each tensor so far. Memory that only gradients have is written
 * to where something is added, and is given back as soon as none needs it.
 */
export class GradientSums {
  private readonly sums = new Map<Tensor, Tensor>();
  /** How many sums have a storage that was made on the way back. */
  private readonly users = new Map<Storage, number>();
  /** Sums of which only stretches have been written so far. */
  private readonly pieces = new Map<Tensor, Pieces>();
  private readonly addInPlace: AddInPlace;

  constructor(addInPlace: AddInPlace) {
    this.addInPlace = addInPlace;
  }

  of(t: Tensor): Tensor | undefined {
    this.complete(t);
    return this.sums.get(t);
  }

  /** Stretches that lie side by side, as those of `chunk`, are written next to each other: nothing is added or cleared. */
  addStretch(t: Tensor, { part, axis, start }: Stretch): void {
    const end = start + part.shape[axis];
    let known = this.pieces.get(t);
    const beside = known?.axis === axis && known.written.every(([from, to]) => end <= from || to <= start);
    if (this.sums.has(t) && !beside) {
      const alone: Pieces = { whole: empty(t.shape, "f32", part.backend), axis, written: [] };
      write(alone, part, start);
      this.add(t, cleared(alone), true);
      return;
    }
    if (!known) {
      known = { whole: empty(t.shape, "f32", part.backend), axis, written: [] };
      this.pieces.set(t, known);
      this.set(t, known.whole, true);
    }
    write(known, part, start);
  }

  /** @param fresh whether the flow's memory was made for it: nothing but gradients can be looking at it */
  add(t: Tensor, flow: Tensor, fresh: boolean): void {
    const before = this.of(t);
    if (!before) this.set(t, flow, fresh);
    else if (this.isAlone(before, 1) && fits(before, flow)) this.addInPlace(before, flow);
    else if (fresh && this.isAlone(flow, 0) && fits(flow, before)) {
      this.addInPlace(flow, before);
      this.replace(t, before, flow);
    } else this.replace(t, before, before.add(flow));
  }

  /** No more of it is needed: the flows that it became have been added. */
  drop(t: Tensor): void {
    const sum = this.sums.get(t);
    this.sums.delete(t);
    if (sum) this.letGo(sum);
  }

  private complete(t: Tensor): void {
    const known = this.pieces.get(t);
    if (known) cleared(known);
    this.pieces.delete(t);
  }

  private set(t: Tensor, sum: Tensor, fresh: boolean): void {
    this.sums.set(t, sum);
    const { storage } = sum;
    if (fresh || this.users.has(storage)) this.users.set(storage, (this.users.get(storage) ?? 0) + 1);
  }

  private replace(t: Tensor, before: Tensor, sum: Tensor): void {
    this.set(t, sum, true);
    this.letGo(before);
  }

  private letGo(sum: Tensor): void {
    const { storage } = sum;
    const users = this.users.get(storage);
    if (users === undefined) return;
    this.users.set(storage, users - 1);
    if (users === 1 && isOurs(sum)) storage.free();
  }

  private isAlone(sum: Tensor, users: number): boolean {
    return (this.users.get(sum.storage) ?? 0) === users && isOurs(sum);
  }
}

/** Whether the user has not kept or held it, in a gradient function of an op of theirs. */
function isOurs(sum: Tensor): boolean {
  return sum.storage.owner !== undefined && !sum.storage.isSharedBeside(sum);
}

/** Whether `sum` can take `flow` in place. What waits to be computed (chain.ts) is better added in its own kernel. */
function fits(sum: Tensor, flow: Tensor): boolean {
  const plain = [sum, flow].every((t) => t.dtype === "f32" && t.isContiguous && !t.storage.deferred);
  return plain && sum.storage !== flow.storage && sum.backend.fused.updateEach !== undefined;
}

function write({ whole, axis, written }: Pieces, part: Tensor, start: number): void {
  const end = start + part.shape[axis];
  whole.backend.copy(part, slice(whole, axis, start, end));
  written.push([start, end]);
}

/** The whole, with zeros where no stretch was written. */
function cleared({ whole, axis, written }: Pieces): Tensor {
  let at = 0;
  for (const [start, end] of [...written, [whole.shape[axis], whole.shape[axis]]].sort(([a], [b]) => a - b)) {
    if (start > at) {
      const gap = slice(whole, axis, at, start);
      whole.backend.copy(full(gap.shape, 0, "f32", whole.backend), gap);
    }
    at = end;
  }
  return whole;
}
