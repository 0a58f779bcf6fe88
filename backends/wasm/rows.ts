import { sizeOf } from "../../core/shape.ts";
import type { NormGradients, Operand } from "../../tensor/backend.ts";
import type { ModuleBuilder } from "./assembler/module.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { normGradientModule, normParametersModule, STATS_BYTES } from "./kernels/normBackward.ts";
import { layerNormModule, rmsNormModule, softmaxModule } from "./kernels/rows.ts";
import { ranges } from "./matmul.ts";
import { softmaxBackwardModule } from "./kernels/softmaxBackward.ts";
import { addressOf } from "./memory.ts";
import { together } from "./place.ts";

export function softmax(engine: Engine, x: Operand, out: Operand): void {
  rowwise(engine, "softmax", () => softmaxModule(engine.fma), [x], [], out);
}

export function layerNorm(engine: Engine, x: Operand, weight: Operand, bias: Operand, eps: number, out: Operand): void {
  rowwise(engine, "layerNorm", () => layerNormModule(engine.fma), [x, weight, bias], [eps], out);
}

export function rmsNorm(engine: Engine, x: Operand, weight: Operand, eps: number, out: Operand): void {
  rowwise(engine, "rmsNorm", () => rmsNormModule(engine.fma), [x, weight], [eps], out);
}

/** y · (grad - Σ grad · y) for each row. */
export function softmaxBackward(engine: Engine, y: Operand, grad: Operand, out: Operand): void {
  const n = out.shape[out.shape.length - 1];
  if (sizeOf(out.shape) === 0) return;
  withContiguous(engine, [y, grad], (inputs) =>
    together(engine.memory, inputs, [out], (arena, ins, [to]) => {
      const step = Math.ceil(engine.tuning.taskElements / 2 / n);
      const tasks = ranges(sizeOf(out.shape) / n, step).map(([row, count]) => {
        const addresses = [...ins, to].map((t) => addressOf(t) + 4 * row * n);
        return [...addresses, count, n];
      });
      engine.share(engine.kernel("softmax backward", softmaxBackwardModule), arena, tasks);
    }),
  );
}

/** The gradients of layerNorm's inputs, or of rmsNorm's: those that are wanted. */
export function normBackward(
  engine: Engine,
  { centred, eps }: { readonly centred: boolean; readonly eps: number },
  [x, weight, grad]: readonly [x: Operand, weight: Operand, grad: Operand],
  out: NormGradients,
): void {
  const n = weight.shape[0];
  const rows = sizeOf(x.shape) / n;
  const wanted = [out.x, out.weight, out.bias].filter((t) => t !== null);
  if (n === 0 || wanted.length === 0) return;
  withContiguous(engine, [x, weight, grad], (inputs) =>
    together(engine.memory, inputs, wanted, (arena, ins, outs) => {
      const [xAt, weightAt, gradAt] = ins.map(addressOf);
      const [outX, outWeight, outBias] = [out.x, out.weight, out.bias].map((t) => (t ? addressOf(outs[wanted.indexOf(t)]) : 0)); // biome-ignore format: one line
      const { taskElements } = engine.tuning;
      const stats = engine.memory.allocIn(arena, STATS_BYTES * rows);
      const ofRows = ranges(rows, Math.ceil(taskElements / 4 / n)).map(([row, count]) => {
        const start = 4 * row * n;
        return [xAt + start, gradAt + start, outX && outX + start, stats.address + STATS_BYTES * row, count, n, weightAt, eps]; // biome-ignore format: one line
      });
      const key = `norm gradient ${centred}`;
      engine.share(engine.kernel(key, () => normGradientModule(centred, engine.fma)), arena, ofRows); // biome-ignore format: one line
      if (outWeight || outBias) {
        const columns = Math.ceil(Math.max(1, taskElements / 4 / Math.max(1, rows)) / 16) * 16;
        const ofColumns = ranges(n, columns).map(([column, count]) => {
          const [a, b] = [outWeight, outBias].map((at) => at && at + 4 * column);
          return [xAt + 4 * column, gradAt + 4 * column, stats.address, a, b, rows, count, 4 * n];
        });
        engine.share(engine.kernel("norm parameters", normParametersModule), arena, ofColumns);
      }
      engine.memory.free(stats);
    }),
  );
}

/** Some rows a task: `run(x, out, rows, n, …addresses of the parameters, …numbers)`. */
function rowwise(
  engine: Engine,
  key: string,
  assemble: () => ModuleBuilder,
  inputs: readonly Operand[],
  numbers: readonly number[],
  out: Operand,
): void {
  const n = out.shape[out.shape.length - 1];
  const size = sizeOf(out.shape);
  if (size === 0) return;
  withContiguous(engine, inputs, (contiguous) =>
    together(engine.memory, contiguous, [out], (arena, [x, ...parameters], [to]) => {
      const step = Math.ceil(engine.tuning.taskElements / 2 / n); // the work is about twice that of a sum
      const tasks: number[][] = [];
      for (let row = 0; row < size / n; row += step) {
        const start = 4 * row * n;
        const rows = Math.min(step, size / n - row);
        tasks.push([addressOf(x) + start, addressOf(to) + start, rows, n, ...parameters.map(addressOf), ...numbers]);
      }
      engine.share(engine.kernel(key, assemble), arena, tasks);
    }),
  );
}
