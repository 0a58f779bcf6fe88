import { byteLengthOf } from "../../core/dtype.ts";
import { bytesText, flopsText } from "../../nn/reportTable.ts";
import { empty, getBackend, memory, scope, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { type InfiMM, languageModelLoss } from "../infimm.ts";
import type { Learning } from "./freeze.ts";
import type { Recipe } from "./presets/presets.ts";
import { microSteps, trainerFor } from "./recipe.ts";
import { trainedTable } from "./trainedTable.ts";

/** What an update of one process takes, in bytes and operations; a multiply and an add are two. */
export interface Plan {
  readonly weights: number;
  /** f32 masters of bf16 weights. */
  readonly masters: number;
  /** The optimizer's two means. */
  readonly moments: number;
  /** The sum of the update, and a micro-step's own. */
  readonly gradients: number;
  /** What the way back needs of the way forward, of a micro-step. */
  readonly activations: number;
  readonly total: number;
  readonly microSteps: number;
  readonly forwardFlops: number;
  /** Of a whole update, forward and back. */
  readonly updateFlops: number;
  /** What learns and what is frozen. */
  readonly table: string;
}

/**
 * What training a model by a recipe takes, before anything runs: on shapes alone. Micro-steps count as full: each sample
 * has the recipe's length and number of pictures.
 *
 * @param model of the meta backend: its weights' dtypes become the recipe's
 */
export function planOf(model: InfiMM, recipe: Recipe, learning?: Learning): Plan {
  const { trained, options } = trainerFor(model, recipe, { updates: recipe.updates ?? 1, learning });
  const bytes = (tensors: Iterable<Tensor>) => [...tensors].reduce((sum, t) => sum + byteLengthOf(t.dtype, t.size), 0);
  const learnt = [...trained.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  const steps = microSteps(recipe);
  const { activations, forward, all } = measured(model, recipe, trained);
  const parts = {
    weights: bytes(new Set(options.model.stateDict().values())),
    masters: recipe.precision === "bf16" ? learnt : 0,
    moments: 2 * learnt,
    gradients: (steps > 1 ? 2 : 1) * learnt,
    activations,
  };
  return {
    ...parts,
    total: Object.values(parts).reduce((sum, part) => sum + part, 0),
    microSteps: steps,
    forwardFlops: forward,
    updateFlops: steps * all,
    table: trainedTable(model, trained),
  };
}

function measured(model: InfiMM, { micro_batch: b, length, max_pictures }: Recipe, trained: Map<string, Tensor>) {
  const meta = getBackend("meta");
  const size = model.config.visual.image_size;
  const { spent = { flops: 0 } } = meta;
  return scope(() => {
    const ids = empty([b, length], "i32", meta);
    const inputs = {
      pixelValues: empty([b, max_pictures, 1, 3, size, size], "f32", meta),
      inputIds: ids,
      attentionMask: empty([b, length], "i32", meta),
    };
    const [flops, bytes] = [spent.flops, memory().bytes];
    let [forward, activations] = [0, 0];
    valueAndGrad(() => {
      const loss = languageModelLoss(model.call(inputs), ids);
      [forward, activations] = [spent.flops - flops, memory().bytes - bytes];
      return loss;
    }, trained);
    return { forward, activations, all: spent.flops - flops };
  });
}

/** What `infimm train --plan` prints. */
export function planText(plan: Plan): string {
  const rows = (["weights", "masters", "moments", "gradients", "activations", "total"] as const)
    .filter((name) => plan[name] > 0)
    .map((name) => `${name.padEnd(12)} ${bytesText(plan[name]).padStart(10)}`);
  const cost = `an update: ${plan.microSteps} micro-steps, ${flopsText(plan.updateFlops)}; forward of one: ${flopsText(plan.forwardFlops)}`;
  return [plan.table, "", ...rows, "", cost].join("\n");
}
