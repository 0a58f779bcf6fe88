import { join } from "node:path";
import { FileFormatError } from "../core/errors.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";
import type { InfiMM } from "../model/infimm.ts";
import type { Batch } from "../model/train/batch.ts";
import { EMBEDDING } from "../model/train/freeze.ts";
import { nextTokenTask } from "../model/train/objective.ts";
import { Trainer } from "../model/train/trainer.ts";
import { AdamW } from "../nn/optim/adamW.ts";
import { linearWarmup } from "../nn/optim/schedules.ts";
import { openBackend, type Tensor } from "../tensor/index.ts";
import type { Check } from "./check.ts";
import { type Numbers, TrainingChecks } from "./trainingChecks.ts";
import { openTrainingRun, type TrainingRun } from "./trainingRun.ts";

interface CheckTrainingOptions {
  /** A backend by name. Default: cpu. */
  readonly backend?: string;
  readonly onProgress?: (what: string) => void;
}

/** Train as a training golden says, and compare every number that it holds. */
export async function checkTraining(folder: string, options: CheckTrainingOptions = {}): Promise<Check[]> {
  const run = await openTrainingRun(folder);
  const model = await loadPretrained(folder, { backend: await openBackend(options.backend ?? "cpu") });
  const start = await numbersOf(model.stateDict());
  const checks = new TrainingChecks(run);
  const { trainer, optimizer } = trainerOf(run, model);
  for (const [u, steps] of run.batches.entries()) {
    options.onProgress?.(`${run.run}: update ${u + 1} of ${run.updates}`);
    const update = await trainer.update(steps);
    checks.update(update, await gatesOf(trainer.trained));
    if (u === 0) checks.idle(await withoutGradient(run, optimizer));
  }
  await checkParameters(run, checks, start, await numbersOf(model.stateDict()));
  optimizer.dispose();
  model.dispose();
  return checks.all;
}

/** The trainer that a golden describes. */
export function trainerOf(run: TrainingRun, model: InfiMM): { trainer: Trainer<Batch>; optimizer: AdamW } {
  const { optimiser, weight_decay_of: decays } = run;
  const { name = "AdamW", betas, eps } = typeof optimiser === "string" ? { name: optimiser } : optimiser;
  if (!/^adamw$/i.test(name)) {
    throw new FileFormatError(`${run.folder}/training.json: optimiser is "${name}"; expected AdamW`);
  }
  const weightDecay = (path: string) => (decays[path] ? run.weight_decay : 0);
  const optimizer = new AdamW(model, { lr: linearWarmup(run.max_lr, run.warmup), weightDecay, betas, eps });
  const rows = run.embedding_rows !== null && EMBEDDING in decays ? { [EMBEDDING]: run.embedding_rows } : undefined;
  const trainer = new Trainer({
    model,
    task: nextTokenTask(model),
    learning: { patterns: Object.keys(decays), rows },
    optimizer,
    multipliers: Object.fromEntries(run.parts),
    clip: run.clip,
    clipEachMicroStep: run.clip_each_micro_step,
  });
  return { trainer, optimizer };
}

async function numbersOf(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Numbers>> {
  const read = [...tensors].map(async ([path, t]) => [path, { data: await t.data(), shape: t.shape }] as const);
  return new Map(await Promise.all(read));
}

async function gatesOf(trained: ReadonlyMap<string, Tensor>): Promise<Record<string, number[]>> {
  const gates = new Map([...trained].filter(([path]) => path.endsWith("gate")));
  return Object.fromEntries([...(await numbersOf(gates))].map(([path, { data }]) => [path, Array.from(data)]));
}

/** What had none in the first update, or zeros: the running mean of its gradient is then 0. */
async function withoutGradient(run: TrainingRun, optimizer: AdamW): Promise<string[]> {
  const means = await numbersOf(optimizer.stateDict());
  return Object.keys(run.weight_decay_of).filter((path) => {
    const mean = means.get(`${path}:exp_avg`);
    return !mean || Array.from(mean.data).every((x) => x === 0);
  });
}

type State = ReadonlyMap<string, Numbers>;

async function checkParameters(run: TrainingRun, checks: TrainingChecks, start: State, end: State): Promise<void> {
  const trained = Object.keys(run.weight_decay_of);
  const final = await openSafetensors(join(run.folder, "final.safetensors"));
  for (const path of trained) {
    const stored = final.tensors.has(path) ? await final.read(path) : undefined;
    checks.parameter(path, end.get(path)!, start.get(path)!, stored);
  }
  const stray = [...final.tensors.keys()].filter((path) => !trained.includes(path));
  await final.close();
  for (const path of stray) checks.fail({ kind: "unchecked", path }, "it is not among what weight_decay_of trains");
  for (const [path, numbers] of end) {
    if (!trained.includes(path)) checks.frozen(path, numbers, start.get(path)!);
  }
  const said = Array.isArray(run.frozen) ? run.frozen : Object.keys(run.frozen ?? {});
  for (const path of said.filter((name) => !end.has(name) || trained.includes(name))) {
    checks.fail({ kind: "frozen", path }, "the model has no frozen tensor of this name");
  }
  checkRows(run, checks, start, end);
}

/** The rows of the input embedding that do not learn. */
function checkRows(
  { embedding_rows, weight_decay_of }: TrainingRun,
  checks: TrainingChecks,
  start: State,
  end: State,
): void {
  if (embedding_rows === null || !(EMBEDDING in weight_decay_of)) return;
  const before = start.get(EMBEDDING)!;
  const width = before.shape[1];
  const path = `${EMBEDDING}, but rows ${embedding_rows.join(", ")}`;
  checks.frozen(path, end.get(EMBEDDING)!, before, (flat) => !embedding_rows.includes(Math.floor(flat / width)));
}
