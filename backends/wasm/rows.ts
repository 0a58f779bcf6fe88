import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import type { ModuleBuilder } from "./assembler/module.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { layerNormModule, rmsNormModule, softmaxModule } from "./kernels/rows.ts";
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
