import type { Storage } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/** `sum += flow`, in place. */
export type AddInPlace = (sum: Tensor, flow: Tensor) => void;

/**
 * The gradients of a backward pass: what has flowed into each tensor so far. Memory that only gradients have is written
 * to where something is added, and is given back as soon as none needs it.
 */
export class GradientSums {
  private readonly sums = new Map<Tensor, Tensor>();
  /** How many sums have a storage that was made on the way back. */
  private readonly users = new Map<Storage, number>();
  private readonly addInPlace: AddInPlace;

  constructor(addInPlace: AddInPlace) {
    this.addInPlace = addInPlace;
  }

  of(t: Tensor): Tensor | undefined {
    return this.sums.get(t);
  }

  /** @param fresh whether the flow's memory was made for it: nothing but gradients can be looking at it */
  add(t: Tensor, flow: Tensor, fresh: boolean): void {
    const before = this.sums.get(t);
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

/** Whether `sum` can take `flow` in place. */
function fits(sum: Tensor, flow: Tensor): boolean {
  const plain = [sum, flow].every((t) => t.dtype === "f32" && t.isContiguous);
  return plain && sum.storage !== flow.storage && sum.backend.fused.updateEach !== undefined;
}
