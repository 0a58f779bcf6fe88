import { definedExpressions } from "../../core/expr.ts";
import { showShape } from "../../core/errors.ts";
import { assign, requireAtRest } from "../assign.ts";
import { differentiable } from "../autograd.ts";
import { scope } from "../scope.ts";
import { commonBackend, empty, type Tensor, type TensorLike } from "../tensor.ts";
import { elementwise } from "./elementwise.ts";
import { stack } from "./join.ts";
import { cast, contiguous, select } from "./views.ts";

/** New values for many tensors at once: each item is the rule's arguments for some of them. */
export type UpdateRule = (items: readonly (readonly TensorLike[])[]) => void;

/**
 * A rule that gives tensors new values, such as an optimizer's, from one line for each tensor that changes. All lines have
 * the same parameters, of which the first, one a line, take the results; every line sees the old values.
 *
 *     const decay = updateRule("decayed(p, rate) = p * (1 - rate)");
 *     decay([[weight, 0.1], [bias, 0]]);
 *
 * The tensors stay the same objects (`assign`). Where the backend has a kernel for it, one launch writes them all in
 * place; views of them see it, as in PyTorch, and who holds the old values (`held`) keeps them.
 *
 * @throws while a gradient is computed
 */
export function updateRule(...lines: readonly string[]): UpdateRule {
  const ops = lines.map((line) => elementwise(line));
  const exprs = lines.map((line) => definedExpressions().get(line.slice(0, line.indexOf("(")).trim())!.body);
  return (items) => {
    const changed = items.map((item) => item.slice(0, lines.length) as Tensor[]);
    if (items.length > 0) requireAtRest("updateRule", changed[0]);
    const inPlace = items.filter((item, i) => changed[i].length > 0 && fitsKernel(item, changed[i]));
    const backends = new Map(inPlace.map((item) => [(item[0] as Tensor).backend, [] as (typeof item)[]]));
    for (const item of inPlace) backends.get((item[0] as Tensor).backend)!.push(item);
    for (const t of new Set(inPlace.flatMap((item) => item.slice(0, lines.length))))
      (t as Tensor).storage.settleReaders();
    for (const [{ fused }, list] of backends) fused.updateEach!(exprs, list);
    const placed = new Set(inPlace);
    for (const [i, item] of items.entries()) {
      if (placed.has(item)) continue;
      const values = ops.map((op) => scope(() => op(...item)));
      for (const [j, value] of values.entries()) assign(changed[i][j], value);
    }
  };
}

/** Whether the backend can do it in place, and nobody else would see it. */
function fitsKernel(item: readonly TensorLike[], changed: readonly Tensor[]): boolean {
  const tensors = item.filter((arg) => typeof arg !== "number");
  const [{ shape, backend }] = changed;
  const same = (t: Tensor) => showShape(t.shape) === showShape(shape) && t.isContiguous;
  return (
    backend.fused.updateEach !== undefined &&
    tensors.every((t) => t.backend === backend && t.dtype === "f32") &&
    changed.every((t) => same(t) && !t.storage.isSharedBeside(t)) &&
    tensors.slice(changed.length).every((t) => same(t) || t.size === 1)
  );
}

/** The sum of the squares of each tensor's elements: [tensors.length]. */
export function squaredNorms(tensors: readonly Tensor[]): Tensor {
  const backend = commonBackend("squaredNorms", tensors);
  return differentiable(
    tensors,
    () => {
      if (!backend.fused.squaredNorms) return stack(tensors.map((t) => t.mul(t).sum()));
      const out = empty([tensors.length], "f32", backend);
      backend.fused.squaredNorms(
        tensors.map((t) => contiguous(cast(t, "f32"))),
        out,
      );
      return out;
    },
    (grad) => tensors.map((t, i) => () => t.mul(2).mul(select(grad, 0, i))),
  );
}
