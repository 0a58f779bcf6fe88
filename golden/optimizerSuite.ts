import { expect, test } from "vitest";
import { languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs } from "../model/inputs.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { readJson } from "../model/files/readFile.ts";
import { connectorWeightDecay } from "../model/train/decay.ts";
import { connectorParameters } from "../model/train/freeze.ts";
import { labelsOf } from "../model/train/labels.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";
import { AdamW } from "../nn/optim/adamW.ts";
import { clipGradNorm } from "../nn/optim/clipGradNorm.ts";
import type { Optimizer, OptimizerOptions } from "../nn/optim/optimizer.ts";
import { linearWarmup } from "../nn/optim/schedules.ts";
import { SGD } from "../nn/optim/sgd.ts";
import type { Module } from "../nn/module.ts";
import { getBackend, memory, scope, valueAndGrad } from "../tensor/index.ts";
import { compare, ERROR_FLOOR } from "./compare.ts";
import { openGoldenSet } from "./load.ts";

interface Run {
  readonly options: { readonly steps: number; readonly warmup: number };
  readonly losses: number[];
  readonly grad_norms: number[];
  readonly lr: number[];
  readonly float32: { readonly losses: number[]; readonly grad_norms: number[] };
  readonly final_norms: Record<string, number>;
  readonly float32_error: Record<string, number>;
}

const training = (await readJson("golden/fixtures/adamw/training.json")) as {
  max_lr: number;
  weight_decay: number;
  clip: number;
  set: string;
  case: string;
  runs: Record<string, Run>;
};

const OPTIMIZERS: Record<string, (model: Module, options: OptimizerOptions) => Optimizer> = {
  adamw: (model, options) => new AdamW(model, options),
  "adam-l2": (model, options) => new AdamW(model, { ...options, decoupled: false }),
  sgd: (model, options) => new SGD(model, { ...options, momentum: 0.9 }),
};

/**
 * Four times PyTorch's own float32 error. A trajectory carries its errors on, so a step is measured by the largest
 * error that PyTorch has made up to it: at a single step it may be near the truth by chance.
 */
function expectNear(ours: readonly number[], golden: readonly number[], float32: readonly number[]): void {
  let unit = ERROR_FLOOR;
  golden.forEach((value, step) => {
    unit = Math.max(unit, Math.abs(float32[step] - value) / Math.abs(value));
    expect(Math.abs(ours[step] - value) / Math.abs(value), `step ${step}`).toBeLessThanOrEqual(4 * unit);
  });
}

/** Declare runs of golden/fixtures/adamw as vitest tests. @param which of them, by how many steps they take */
export function optimizerRuns(which: (steps: number) => boolean): void {
  const names = Object.keys(training.runs).filter((name) => which(training.runs[name].options.steps));
  test.each(names)("%s trains as PyTorch's", trainsAsGolden);
}

/** Whether a run is in `npm test`: those of SGD and Adam are; of AdamW, golden/fixtures/training has short ones. */
export const isShort = (steps: number): boolean => steps <= 5;

async function trainsAsGolden(name: string): Promise<void> {
  const run = training.runs[name];
  const folder = `golden/fixtures/${training.set}`;
  const golden = (await openGoldenSet(folder)).cases.find((c) => c.name === training.case)!;
  const backend = getBackend("cpu"); // its sums are doubles: the bar is that of one careful optimiser
  const model = await loadPretrained(folder, { backend });
  const prompts = golden.prompts();
  const labels = labelsOf(prompts.inputIds, { ...prompts, imageTokenId: model.config.image_token_id });
  const optimizer = OPTIMIZERS[name](model, {
    lr: linearWarmup(training.max_lr, run.options.warmup),
    weightDecay: connectorWeightDecay(training.weight_decay),
  });
  const before = memory().storages;
  const [losses, norms, rates]: [number[], number[], number[]] = [[], [], []];
  for (let step = 0; step < run.options.steps; step++) {
    const { value, grads } = scope(() =>
      valueAndGrad(
        () => languageModelLoss(model.call(modelInputs(prompts, backend)), idTensor(labels, backend)),
        connectorParameters(model),
      ),
    );
    const norm = clipGradNorm(grads, training.clip);
    losses.push(await value.item());
    norms.push(await norm.item());
    rates.push(optimizer.lr);
    optimizer.step(grads);
    for (const tensor of [value, norm, ...grads.values()]) tensor.dispose();
  }
  expect(rates).toEqual(run.lr.map((lr) => expect.closeTo(lr, 12)));
  expectNear(losses, run.losses, run.float32.losses);
  expectNear(norms, run.grad_norms, run.float32.grad_norms);

  const final = await openSafetensors("golden/fixtures/adamw/final.safetensors");
  const trained = connectorParameters(model);
  let checked = 0;
  for (const key of final.tensors.keys()) {
    const [of, path] = key.split("/");
    if (of !== name) continue;
    const { data, shape } = await final.read(key);
    const { error } = compare(await trained.get(path)!.data(), data, shape);
    expect(error, path).toBeLessThanOrEqual(4 * Math.max(ERROR_FLOOR, run.float32_error[path]));
    checked++;
  }
  await final.close();
  expect(checked).toBe(8);

  optimizer.dispose();
  expect(memory().storages).toBe(before);
}
