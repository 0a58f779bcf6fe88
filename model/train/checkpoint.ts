import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError, InfimmError } from "../../core/errors.ts";
import type { Module } from "../../nn/module.ts";
import type { Optimizer, OptimizerCounters } from "../../nn/optim/optimizer.ts";
import { type Backend, fromData, type Tensor } from "../../tensor/index.ts";
import { openSafetensors } from "../checkpoint/safetensors/safetensors.ts";
import { writeSafetensors } from "../checkpoint/safetensors/writeSafetensors.ts";
import { readJson } from "../files/readFile.ts";
import { writeError, writeText } from "../files/writeWhole.ts";
import type { TrainerState } from "./update.ts";

const FORMAT = 1;

/** What a run is: a resumed one has to be the same in each of these. Plain JSON values, by name. */
export type Identity = Readonly<Record<string, unknown>>;

/** What state.json of a checkpoint holds. */
export interface SavedState {
  readonly format: number;
  readonly trainer: TrainerState;
  readonly optimizer: OptimizerCounters;
  /** Where the data stand: the source's own. */
  readonly data: unknown;
  readonly identity: Identity;
  /** What is worth knowing and may differ: backend, threads, versions, what was forced. */
  readonly remarks: Readonly<Record<string, unknown>>;
}

/** What a checkpoint is made of, and put back into. */
export interface Resumable {
  readonly model: Module;
  readonly optimizer: Optimizer;
  /** What is saved of the model: what learns, by path. */
  readonly trained: ReadonlyMap<string, Tensor>;
}

/** Which checkpoints of a run stay. */
export interface Retention {
  /** So many of the newest checkpoints stay. Default 3. */
  readonly last?: number;
  /** Of the others, those after a multiple of so many updates. Default 1000. */
  readonly every?: number;
}

/**
 * Write a checkpoint: `step-00001000/` in `folder` with what learns, the optimizer's moments and state.json. It is written
 * aside as `step-00001000.partial/`, forced to disk, and renamed; `latest` then names it. Whenever the process dies, a
 * whole checkpoint is there.
 *
 * @returns the checkpoint's folder
 */
export async function saveCheckpoint(
  folder: string,
  { trained, optimizer }: Resumable,
  state: Omit<SavedState, "format" | "optimizer">,
): Promise<string> {
  const name = stepName(state.trainer.updates);
  const [partial, whole] = [join(folder, `${name}.partial`), join(folder, name)];
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await writeSafetensors(join(partial, "model.safetensors"), toWrite(trained));
    await writeSafetensors(join(partial, "optimizer.safetensors"), toWrite(optimizer.stateDict()));
    const saved: SavedState = { format: FORMAT, ...state, optimizer: optimizer.counters() };
    await writeText(join(partial, "state.json"), `${JSON.stringify(saved, null, 1)}\n`);
    await syncFolder(partial);
    await rm(whole, { recursive: true, force: true }); // of a run that was resumed from before it
    await rename(partial, whole);
    await writeText(join(folder, "latest"), `${name}\n`);
    await syncFolder(folder);
  } catch (error) {
    throw writeError(error, partial);
  }
  return whole;
}

/** The newest checkpoint of a run's folder; undefined where there is none. */
export async function latestCheckpoint(folder: string): Promise<string | undefined> {
  const steps = await stepsIn(folder); // whole ones: `latest` may be one behind, if the process died between the two
  return steps.length > 0 ? join(folder, stepName(Math.max(...steps))) : undefined;
}

/** state.json of a checkpoint. */
export async function readState(checkpoint: string): Promise<SavedState> {
  const path = join(checkpoint, "state.json");
  const state = (await readJson(path, "training state")) as unknown as SavedState;
  if (state.format !== FORMAT) throw new FileFormatError(`${path}: expected format ${FORMAT}, got ${state.format}`);
  return state;
}

/**
 * Refuse to go on with another run.
 * @throws naming the fields that differ
 */
export function requireSameRun(saved: Identity, now: Identity, checkpoint: string): void {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])];
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const differing = names.filter((name) => text(saved[name]) !== text(now[name]));
  if (differing.length === 0) return;
  const said = differing.map((name) => `${name} was ${text(saved[name])}, is ${text(now[name])}`);
  throw new InfimmError(`${checkpoint} is of another run: ${said.join("; ")}. Go on as it was, or with --force`);
}

/** Put the tensors of a checkpoint back: what learns into the model, the moments into the optimizer. */
export async function restoreTensors(
  checkpoint: string,
  { model, optimizer, trained }: Resumable,
  state: SavedState,
): Promise<void> {
  const backend = [...trained.values()][0].backend;
  const weights = await readAll(join(checkpoint, "model.safetensors"), backend);
  const missing = [...trained.keys()].filter((name) => !weights.has(name));
  const stray = [...weights.keys()].filter((name) => !trained.has(name));
  if (missing.length + stray.length > 0) {
    throw new FileFormatError(
      `${checkpoint}/model.safetensors: what learns is not what it holds: ${[...missing, ...stray].slice(0, 5).join(", ")}`,
    );
  }
  for (const [name, tensor] of weights) model.setTensor(name, tensor);
  optimizer.restore(await readAll(join(checkpoint, "optimizer.safetensors"), backend), state.optimizer);
}

/** Remove old checkpoints, and what a process that died left half-written. */
export async function retain(folder: string, { last = 3, every = 1000 }: Retention = {}): Promise<void> {
  const steps = (await stepsIn(folder)).sort((a, b) => b - a);
  const old = steps.slice(last).filter((step) => step % every !== 0);
  const halves = (await readdir(folder)).filter((name) => /^step-\d+\.partial$/.test(name));
  for (const name of [...old.map(stepName), ...halves]) await rm(join(folder, name), { recursive: true, force: true });
}

function stepName(updates: number): string {
  return `step-${String(updates).padStart(8, "0")}`;
}

async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : []));
}

function toWrite(tensors: ReadonlyMap<string, Tensor>) {
  return [...tensors].map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: () => tensor.bits(),
  }));
}

async function readAll(path: string, backend: Backend): Promise<Map<string, Tensor>> {
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const name of file.tensors.keys()) {
    const { data, dtype, shape } = await file.read(name);
    tensors.set(name, fromData(data, shape, dtype, backend));
  }
  await file.close();
  return tensors;
}

/** Force a folder's names to disk. Where a system cannot (Windows), it does without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
