import { type Expr, exprKey } from "../../core/expr.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import type { Engine } from "./engine.ts";
import { squaresModule } from "./kernels/reduce.ts";
import { type UpdateInput, updateModule } from "./kernels/map/updateModule.ts";
import { addressOf, type Arena } from "./memory.ts";
import { together } from "./place.ts";

type Item = readonly (Operand | number)[];

/** The first tensors of each item become the values of `exprs`, in place: one launch for all items of an arena. */
export function updateEach(engine: Engine, exprs: readonly Expr[], items: readonly Item[]): void {
  const launches = new Map<string, { arena: Arena; inputs: readonly UpdateInput[]; tasks: number[][] }>();
  for (const item of items) {
    const tensors = item.filter((t): t is Operand => typeof t !== "number");
    if (sizeOf(tensors[0].shape) === 0) continue;
    const [changed, read] = [tensors.slice(0, exprs.length), tensors.slice(exprs.length)];
    together(engine.memory, read, changed, (arena, ins, outs) => {
      const placed = [...outs, ...ins];
      const inputs = item.map((t, i): UpdateInput => (typeof t === "number" ? "number" : inputOf(t, i, tensors[0])));
      const key = `${arena.index} ${inputs}`;
      const launch = launches.get(key) ?? { arena, inputs, tasks: [] };
      const tasks = tasksOf(engine, item, placed, inputs);
      if (outs.every((t, i) => t === changed[i]) && ins.every((t, i) => t === read[i])) {
        launches.set(key, launch);
        launch.tasks.push(...tasks);
      } else run(engine, exprs, arena, inputs, tasks); // copies live no longer than this
    });
  }
  for (const { arena, inputs, tasks } of launches.values()) run(engine, exprs, arena, inputs, tasks);
}

const inputOf = (t: Operand, i: number, first: Operand): UpdateInput =>
  i > 0 && sizeOf(t.shape) === 1 && sizeOf(first.shape) !== 1 ? "one" : "each";

/** Stretches of an item, as `updateModule` takes them. */
function tasksOf(engine: Engine, item: Item, placed: readonly Operand[], inputs: readonly UpdateInput[]): number[][] {
  const size = sizeOf(placed[0].shape);
  const step = Math.ceil(engine.tuning.taskElements / 16) * 16;
  const tasks: number[][] = [];
  for (let start = 0; start < size; start += step) {
    let next = 0;
    const args = item.map((t, i) => {
      if (typeof t === "number") return t;
      return addressOf(placed[next++]) + (inputs[i] === "each" ? 4 * start : 0);
    });
    tasks.push([Math.min(step, size - start), ...args]);
  }
  return tasks;
}

function run(
  engine: Engine,
  exprs: readonly Expr[],
  arena: Arena,
  inputs: readonly UpdateInput[],
  tasks: number[][],
): void {
  const key = `update ${exprs.map(exprKey).join(" ")} ${inputs}`;
  engine.share(engine.kernel(key, () => updateModule(exprs, inputs, engine.fma)), arena, tasks); // biome-ignore format: one line
}

/** out[i] = the sum of the squares of inputs[i]: one launch, a task each. */
export function squaredNorms(engine: Engine, inputs: readonly Operand[], out: Operand): void {
  if (inputs.length === 0) return;
  together(engine.memory, inputs, [out], (arena, placed, [to]) => {
    const tasks = placed.map((x, i) => [addressOf(x), sizeOf(x.shape), addressOf(to) + 4 * i]);
    engine.share(engine.kernel("squares", squaresModule), arena, tasks);
  });
}
