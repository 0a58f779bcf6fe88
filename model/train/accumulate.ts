import { elementwise, keep, scope, type Tensor, where } from "../../tensor/index.ts";

const addScaled = elementwise("addScaled(sum, grad, weight) = sum + weight * grad");

/** The gradients of one update, summed over its micro-steps and parts. The sums belong to it until `dispose`. */
export class GradientSum {
  readonly sums = new Map<string, Tensor>();

  /** Add `weight` times gradients, which thereby pass to the sum or are freed. */
  add(grads: ReadonlyMap<string, Tensor>, weight: number): void {
    for (const [name, grad] of grads) {
      const before = this.sums.get(name);
      if (!before && weight === 1) {
        this.sums.set(name, grad);
        continue;
      }
      this.replace(name, () => (before ? addScaled(before, grad, weight) : grad.mul(weight)));
      grad.dispose();
    }
  }

  /**
   * Let only some rows of a matrix learn: the others' gradients become 0.
   * @param rows bool [rows, 1]
   */
  keepRows(name: string, rows: Tensor): void {
    const before = this.sums.get(name);
    if (before) this.replace(name, () => where(rows, before, 0));
  }

  dispose(): void {
    for (const sum of this.sums.values()) sum.dispose();
    this.sums.clear();
  }

  private replace(name: string, make: () => Tensor): void {
    const before = this.sums.get(name);
    this.sums.set(name, keep(scope(make)));
    before?.dispose();
  }
}
