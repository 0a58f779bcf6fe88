import { byteLengthOf } from "../core/dtype.ts";
import { InfimmError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { getBackend, scope, type Tensor } from "../tensor/index.ts";
import { type Origins, explainOrigin } from "./errorOrigin.ts";
import type { Module } from "./module.ts";
import { observing } from "./observe.ts";
import { argumentsOnMeta, onMeta } from "./onMeta.ts";
import { parameterCount } from "./parameterCount.ts";
import { formatReport, type Report, type ReportRow } from "./reportTable.ts";
import { callWith, firstTensor, type Inputs } from "./trace.ts";

/**
 * Run a module on shapes alone and say what it is made of and what it costs. This is how to look at a change before
 * any weight exists: `model.model.perceiver = new MlpProjector(1024, 64); console.log(String(report(model)))`.
 *
 * @param inputs what the module takes; tensors count by shape only. Default: `module.exampleInputs()`
 * @throws what the forward throws, if shapes do not fit, with the path where, and which module made the misfit
 */
export function report<M extends Module>(module: M, inputs: Inputs<M> = exampleInputsOf(module)): Report {
  const spent = getBackend("meta").spent ?? { flops: 0 };
  const runs = new Map<Module, { output: Shape | null; calls: number; flops: number }>();
  const running: { module: Module; args: readonly unknown[]; flops: number }[] = [];
  const origins: Origins = new WeakMap();
  const read = new Set<string>();

  const watch = () =>
    observing(
      {
        enter: (entered, args) => running.push({ module: entered, args, flops: spent.flops }),
        leave(left, output) {
          const before = running.pop()!.flops;
          const run = runs.get(left) ?? { output: null, calls: 0, flops: 0 };
          const made = firstTensor(output);
          runs.set(left, {
            output: made ? made.shape : run.output,
            calls: run.calls + 1,
            flops: run.flops + spent.flops - before,
          });
          if (made) origins.set(made.storage, { module: left, shape: made.shape });
          return output;
        },
      },
      () => void callWith(module, argumentsOnMeta(inputs) as Inputs<M>),
    );
  try {
    onMeta(module, (path) => read.add(path), () => scope(watch)); // biome-ignore format: one line
  } catch (error) {
    explainOrigin(error, module, running.at(-1)?.args ?? [], origins);
    throw error;
  }

  const rows = [...module.modules()].map(
    ([path, part]): ReportRow => ({
      path,
      type: part.constructor.name,
      ...(runs.get(part) ?? { output: null, calls: 0, flops: 0 }),
      parameters: parameterCount(part),
      bytes: weightBytes(part),
    }),
  );
  const { parameters, flops, bytes } = rows[0];
  const total = { parameters, flops, bytes };
  const unused = unreadParameters(module, read);
  return { rows, total, unused, toString: ({ depth } = {}) => formatReport({ rows, total, unused }, depth) };
}

function exampleInputsOf<M extends Module>(module: M): Inputs<M> {
  const example = (module as { exampleInputs?: () => Inputs<M> }).exampleInputs?.();
  if (example !== undefined) return example;
  const type = module.constructor.name;
  throw new InfimmError(`report: ${type} has no exampleInputs(); give its inputs: report(module, [tensor, …])`);
}

/** A weight under several paths counts as read if it was read under any of them. */
function unreadParameters(module: Module, read: ReadonlySet<string>): string[] {
  const state = module.stateDict();
  const seen = new Set([...read].map((path) => state.get(path)));
  return [...module.parameters()].flatMap(([path, parameter]) => (seen.has(parameter) ? [] : [path]));
}

function weightBytes(module: Module): number {
  let bytes = 0;
  for (const t of new Set<Tensor>(module.stateDict().values())) bytes += byteLengthOf(t.dtype, t.size);
  return bytes;
}
