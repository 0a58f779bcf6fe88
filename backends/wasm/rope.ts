import { forEachRow, mergeDims } from "../../core/loop.ts";
import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Operand, Pairs, Turn } from "../../tensor/backend.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { type RopeArguments, ropeModule } from "./kernels/rope.ts";
import { copy } from "./map.ts";
import { addressOf, type Arena, bufferOf } from "./memory.ts";
import { together } from "./place.ts";

/** Rotary positions of several tensors, in one launch. */
export function ropes(engine: Engine, turns: readonly Turn[], pairs: Pairs): void {
  const some = turns.filter(({ out }) => sizeOf(out.shape) > 0);
  if (some.length === 0) return;
  withRows(engine, some.flatMap(({ x, cos, sin }) => [x, cos, sin]), (inputs) =>
    withTargets(engine, some.map(({ out }) => out), (targets) =>
      together(engine.memory, inputs, targets, (arena, ins, outs) => {
        const tasks = outs.flatMap((out, i) => tasksOf(engine, [...ins.slice(3 * i, 3 * i + 3), out]));
        run(engine, arena, tasks, pairs);
      }),
    ),
  ); // biome-ignore format: one call in the other
}

function run(engine: Engine, arena: Arena, tasks: readonly number[][], pairs: Pairs): void {
  if (tasks.length === 0) return;
  const kernel = engine.kernel(`rope ${pairs}`, () => ropeModule(pairs));
  const elements = tasks.reduce((sum, args) => sum + args[8] * args[9], 0);
  if (elements < engine.tuning.taskElements) for (const args of tasks) engine.call(kernel, arena, args);
  else engine.share(kernel, arena, tasks);
}

/** Rows of x, cos, sin and out that lie evenly apart, some a task. */
function tasksOf({ tuning }: Engine, operands: readonly Operand[]): number[][] {
  const [{ shape }] = operands;
  const channels = shape[shape.length - 1];
  const loop = mergeDims(
    shape.slice(0, -1),
    operands.map(({ strides }) => strides.slice(0, -1)),
  );
  const count = loop.shape[loop.shape.length - 1];
  const steps = loop.strides.map((strides) => 4 * strides[strides.length - 1]);
  const most = Math.max(1, Math.ceil(tuning.taskElements / channels));
  const tasks: number[][] = [];
  forEachRow(loop, operands.map(() => 0), (positions) => {
    const at = positions.map((position, i) => addressOf(operands[i]) + 4 * position);
    for (let first = 0; first < count; first += most) {
      const [x, cos, sin, out] = at.map((address, i) => address + first * steps[i]);
      const rows = Math.min(most, count - first);
      // biome-ignore format: in groups
      const args = {
        x, xLine: steps[0], cos, cosLine: steps[1], sin, sinLine: steps[2], out, outLine: steps[3], rows, channels,
      } satisfies RopeArguments;
      tasks.push(Object.values(args));
    }
  }); // biome-ignore format: one call
  return tasks;
}

/** f32 operands whose channels lie together: as they are, or copied. */
function withRows(engine: Engine, operands: readonly Operand[], work: (rows: readonly Operand[]) => void): void {
  const odd = operands.filter((t) => !isOfRows(t));
  withContiguous(engine, odd, (copies) => work(operands.map((t) => (isOfRows(t) ? t : copies[odd.indexOf(t)]))));
}

/** The same for what is written: copied back afterwards. */
function withTargets(engine: Engine, outs: readonly Operand[], work: (rows: readonly Operand[]) => void): void {
  const targets = outs.map((out) => {
    if (isOfRows(out)) return out;
    const buffer = engine.memory.allocIn(bufferOf(out).arena, 4 * sizeOf(out.shape));
    return {
      ...out,
      buffer,
      dtype: "f32" as const,
      strides: contiguousStrides(out.shape),
      offset: 0,
      shape: out.shape,
    };
  });
  try {
    work(targets);
    for (const [i, out] of outs.entries()) if (targets[i] !== out) copy(engine, targets[i], out);
  } finally {
    for (const [i, out] of outs.entries()) if (targets[i] !== out) engine.memory.free(bufferOf(targets[i]));
  }
}

function isOfRows({ dtype, strides, shape }: Operand): boolean {
  return dtype === "f32" && (strides[strides.length - 1] === 1 || shape[shape.length - 1] <= 1);
}
