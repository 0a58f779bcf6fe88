import { memory } from "../../tensor/index.ts";
import { mkdir } from "node:fs/promises";
import { type Identity, latestCheckpoint, readState, requireSameRun, restoreTensors, type Retention, retain, saveCheckpoint } from "./checkpoint.ts"; // biome-ignore format: one list
import { gatesOf, type LogLine, UpdateLog } from "./updateLog.ts";
import type { BatchSource } from "./source.ts";
import type { TrainerBatch } from "./batch.ts";
import type { Trainer } from "./trainer.ts";

/** What a run needs: who learns, from what, how long, and where its checkpoints go. */
export interface RunOptions<B extends TrainerBatch> {
  readonly trainer: Trainer<B>;
  readonly source: BatchSource<B>;
  /** In all, those before a resume included. */
  readonly updates: number;
  /** Where checkpoints and the log go. Without one nothing is written. */
  readonly folder?: string;
  /** Updates between two checkpoints; the last one is always saved. Default 100. */
  readonly saveEvery?: number;
  readonly retention?: Retention;
  /** What a resumed run has to have in common with this one: preset, digests of base and data. */
  readonly identity?: Identity;
  readonly remarks?: Readonly<Record<string, unknown>>;
  /** Go on although the identity differs. */
  readonly force?: boolean;
  /** After the update that is being made, save and return. */
  readonly signal?: AbortSignal;
  readonly onUpdate?: (line: LogLine) => void | Promise<void>;
}

/**
 * Train until `updates` are made, from the newest checkpoint in `folder` if there is one. A run that was broken off, at
 * whatever moment, goes on with the same samples and numbers, bit by bit on the same backend with as many threads.
 *
 * @returns how many updates were made in all, and whether that is all of them
 * @throws if the checkpoint is of another run, naming what differs
 */
export async function train<B extends TrainerBatch>(run: RunOptions<B>): Promise<{ updates: number; done: boolean }> {
  const { trainer, source, updates, folder, saveEvery = 100, signal } = run;
  const log = folder === undefined ? undefined : await begin(run, folder);
  let saved = trainer.updates;
  while (trainer.updates < updates && !signal?.aborted) {
    const start = performance.now();
    const steps = await source.next();
    const fetched = performance.now();
    const update = await trainer.update(steps);
    const seconds = { data: (fetched - start) / 1e3, ...update.seconds };
    const line: LogLine = { ...update, gates: await gatesOf(trainer.trained), bytes: memory().bytes, seconds };
    await log?.append(line);
    await run.onUpdate?.(line);
    if (folder === undefined || trainer.updates % saveEvery !== 0) continue;
    await save(run, folder);
    saved = trainer.updates;
  }
  if (folder !== undefined && saved !== trainer.updates) await save(run, folder);
  return { updates: trainer.updates, done: trainer.updates >= updates };
}

/** Go on from the newest checkpoint, if there is one, and open the log where it stood. */
async function begin<B extends TrainerBatch>(run: RunOptions<B>, folder: string): Promise<UpdateLog> {
  const { trainer, source, identity = {}, force } = run;
  await mkdir(folder, { recursive: true });
  const checkpoint = await latestCheckpoint(folder);
  if (checkpoint !== undefined) {
    const state = await readState(checkpoint);
    if (!force) requireSameRun(state.identity, identity, checkpoint);
    await restoreTensors(checkpoint, resumable(trainer), state);
    trainer.restore(state.trainer);
    source.restore(state.data);
  }
  return UpdateLog.open(folder, trainer.updates);
}

async function save<B extends TrainerBatch>(run: RunOptions<B>, folder: string): Promise<void> {
  const { trainer, source, identity = {}, remarks = {}, retention, force = false } = run;
  const state = { trainer: trainer.state(), data: source.state(), identity, remarks: { ...remarks, force } };
  await saveCheckpoint(folder, resumable(trainer), state);
  await retain(folder, retention);
}

function resumable<B extends TrainerBatch>({ options, trained }: Trainer<B>) {
  return { model: options.model, optimizer: options.optimizer, trained };
}
