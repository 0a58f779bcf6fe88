import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../core/errors.ts";
import { mean, standardDeviation } from "./python/mean.ts";
import type { Scores } from "./scoreRun.ts";

/** A metric over several trials: runs that differ in the seed of their draws alone. */
export interface TrialMetric {
  readonly mean: number;
  /** The population's standard deviation. */
  readonly standardDeviation: number;
  /** Of each trial, in the order of their seeds. */
  readonly values: readonly number[];
}

/** A trial's folder below that of all. */
export function trialFolder(folder: string, seed: number): string {
  return join(folder, `seed-${seed}`);
}

/** The folders of the runs that are meant by a folder: itself, or its trials, by rising seed. */
export async function runFolders(folder: string): Promise<string[]> {
  if (existsSync(join(folder, "items.jsonl")) || !existsSync(folder)) return [folder];
  const seeds = (await readdir(folder)).flatMap((name) => /^seed-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (seeds.length === 0) return [folder];
  return seeds.sort((a, b) => a - b).map((seed) => trialFolder(folder, seed));
}

/** Mean and standard deviation of each metric, as OpenFlamingo has them: a trial whose metric is no number is left out. */
export function trialMetrics(trials: readonly Pick<Scores, "task" | "metrics">[]): Record<string, TrialMetric> {
  const tasks = [...new Set(trials.map(({ task }) => task))];
  if (tasks.length !== 1) throw new InfimmError(`trials: expected runs of one task, got ${tasks.join(", ") || "none"}`);
  const names = [...new Set(trials.flatMap(({ metrics }) => Object.keys(metrics)))];
  return Object.fromEntries(
    names.map((name) => {
      const values = trials.map(({ metrics }) => metrics[name]).filter((value) => Number.isFinite(value));
      return [name, { mean: mean(values), standardDeviation: standardDeviation(values), values }];
    }),
  );
}
