import { changedItems } from "../changes.ts";
import { runFolders, trialMetrics } from "../trials.ts";
import { type ReadRun, readRun } from "./readRun.ts";

/** What a report says, for machines: all runs with what decided their numbers, trials together, and items that changed. */
export async function reportJson(folders: readonly string[]) {
  const runs: ReadRun[] = [];
  const trials: { task: string; seeds: number[]; metrics: ReturnType<typeof trialMetrics> }[] = [];
  for (const folder of folders) {
    const own: ReadRun[] = [];
    for (const trial of await runFolders(folder)) own.push(await readRun(trial));
    runs.push(...own);
    const seeds = own.map(({ header }) => header.settings.seed);
    const scores = own.map((run) => run.scores);
    if (own.length > 1) trials.push({ task: own[0].header.task, seeds, metrics: trialMetrics(scores) });
  }
  return {
    runs: runs.map(({ folder, header, scores: { items: _, ...scores } }) => ({ folder, header, ...scores })),
    trials,
    changes: runs.flatMap((run, i) => {
      const first = runs.findIndex(({ header }) => header.task === run.header.task);
      if (first === i) return [];
      const items = changedItems(runs[first], run).map(({ id, before, after, difference }) => {
        return { id, question: before.question, before: before.answer, after: after.answer, difference };
      });
      return [{ from: runs[first].folder, to: run.folder, items }];
    }),
  };
}
