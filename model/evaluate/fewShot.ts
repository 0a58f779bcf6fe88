import { InfimmError } from "../../core/errors.ts";
import { NumpyLegacy } from "./random/numpyLegacy.ts";
import { PythonRandom } from "./random/pythonRandom.ts";
import { torchPermutation } from "./random/torchPermutation.ts";
import type { EvalRecord, Settings, TaskData } from "./task.ts";

/** A test item with the training items that stand before it. */
export interface Asked {
  readonly record: EvalRecord;
  readonly demos: readonly EvalRecord[];
}

/** OpenFlamingo's "0 shots" shows two demonstrations without their pictures. */
export function shownDemos({ shots, trueZeroShot, prompts }: Settings): number {
  if (prompts === "chat") return 0;
  return shots > 0 || trueZeroShot ? shots : 2;
}

/**
 * What is asked, in order, and with which demonstrations: draw for draw as OpenFlamingo does it. NumPy's generator draws the
 * test items and the pool; with `order: "torch"` the loader's permutation comes on top; then Python's generator draws each
 * item's demonstrations from the pool. Chat prompts have none, and take the first items as they stand; so do
 * records with demonstrations of their own.
 */
export function drawAsked({ records, train }: TaskData, settings: Settings): Asked[] {
  const { seed, limit, pool, order, prompts, rices, shots } = settings;
  const count = limit > 0 ? Math.min(limit, records.length) : records.length;
  if (records.some(({ demos }) => demos)) {
    return records.slice(0, count).map((record) => ({ record, demos: (record.demos ?? []).slice(0, shots) }));
  }
  if (prompts === "chat") return records.slice(0, count).map((record) => ({ record, demos: [] }));
  const numpy = new NumpyLegacy(seed);
  const drawn = numpy.choice(records.length, count).map((i) => records[i]);
  const ordered = order === "torch" ? torchPermutation(count, 0).map((i) => drawn[i]) : drawn;
  const demos = shownDemos(settings);
  if (demos === 0 || rices) return ordered.map((record) => ({ record, demos: [] }));
  const shown = requireTrain(train, demos);
  if (pool > shown.length) {
    throw new InfimmError(`--pool ${pool} is more than the ${shown.length} training records; give at most that many`);
  }
  const querySet = numpy.choice(shown.length, pool).map((i) => shown[i]);
  const python = new PythonRandom(seed);
  return ordered.map((record) => ({ record, demos: python.sample(querySet, demos) }));
}

export function requireTrain(train: readonly EvalRecord[] | undefined, demos: number): readonly EvalRecord[] {
  if (!train) {
    throw new InfimmError(
      `${demos} demonstrations are to be shown, but the data has no training part. Give --true-zero-shot to ask without any`,
    );
  }
  if (train.length >= demos) return train;
  throw new InfimmError(`${demos} demonstrations are to be shown, but the training part has ${train.length} records`);
}
