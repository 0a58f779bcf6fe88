/**
 * infimm/evaluate: the card's benchmarks, by the rules of their own programs (Node). What `infimm eval` does, to be called.
 *
 *     const task = taskNamed("vqav2");
 *     const settings = { ...DEFAULT_SETTINGS, ...task.defaults, shots: 4 };
 *     await generateItems({ task, data: "vqav2", assistant, model: "my/model", out: "runs/vqav2-4", settings });
 *     const { metrics, intervals } = await scoreRun("runs/vqav2-4", { judge: NO_JUDGE });
 *     await writeFile("report.html", await reportPage(["runs/vqav2-4"]));
 *
 * A task of your own is an object with the fields of `Task`. Metrics can be called alone.
 */
export * from "./core/errors.ts";
export { bootstrapInterval, type Unit } from "./model/evaluate/bootstrap.ts";
export { CARD, type CardNumber } from "./model/evaluate/cardTable.ts";
export {
  type Change,
  changedItems,
  type PairedDifference,
  pairedDifferences,
  type Run,
} from "./model/evaluate/changes.ts";
export { DEFAULT_SETTINGS, type EvaluateOptions, generateItems } from "./model/evaluate/generateItems.ts";
export { type Header, type ItemsFile, readItems } from "./model/evaluate/itemsFile.ts";
export { cachedJudge } from "./model/evaluate/judges/cached.ts";
export { commandJudge } from "./model/evaluate/judges/command.ts";
export { fileJudge } from "./model/evaluate/judges/file.ts";
export { type HttpJudgeOptions, httpJudge } from "./model/evaluate/judges/http.ts";
export type { Judge, JudgeRequest } from "./model/evaluate/judges/judge.ts";
export { NO_JUDGE } from "./model/evaluate/judges/none.ts";
export { type Bleu, bleu } from "./model/evaluate/metrics/bleu.ts";
export { ciderD } from "./model/evaluate/metrics/ciderD.ts";
export type { Captioned } from "./model/evaluate/metrics/ngrams.ts";
export { ptbTokens } from "./model/evaluate/metrics/ptbTokens.ts";
export { rougeL } from "./model/evaluate/metrics/rougeL.ts";
export { type VqaDefinition, vqaAccuracy } from "./model/evaluate/metrics/vqaAccuracy.ts";
export { normaliseAnswer } from "./model/evaluate/metrics/vqaNormalise.ts";
export { reportJson } from "./model/evaluate/report/reportJson.ts";
export { type ReportLooks, reportPage } from "./model/evaluate/report/reportPage.ts";
export { type ForeignOptions, type Scores, scorePredictions, scoreRun } from "./model/evaluate/scoreRun.ts";
export type {
  Choices,
  DataPicture,
  Demo,
  EvalRecord,
  Item,
  ItemScore,
  Reference,
  ScoreOptions,
  Settings,
  Submission,
  SubmissionContext,
  Task,
  TaskData,
  TaskOption,
  TaskScore,
} from "./model/evaluate/task.ts";
export { TASKS, taskNamed } from "./model/evaluate/tasks/index.ts";
export { type TrialMetric, trialMetrics } from "./model/evaluate/trials.ts";
export { type OtherModel, worldCard } from "./model/evaluate/world/worldCard.ts";
export {
  runWorldPart,
  WORLD_PARTS,
  type WorldPart,
  type WorldPartOptions,
  type WorldRuns,
} from "./model/evaluate/world/worldParts.ts";
export type { VqaAnswer } from "./model/train/readers/vqa.ts";
