import { join } from "node:path";
import { train } from "../run.ts";
import type { LogLine } from "../updateLog.ts";
import { Sprites } from "../world/sprites.ts";
import { type Found, shownFound } from "./exam.ts";
import { examine } from "./languageStage.ts";
import { modelBefore, type TinyRun } from "./modelBefore.ts";
import { makeTiny, type Tiny } from "./processor.ts";
import { TINY_RECIPE, TINY_STAGES, type TinyStage } from "./recipe.ts";
import { shipTiny } from "./ship.ts";
import { connectorStage, languageStage, type StageOptions, towerStage } from "./stages.ts";

export interface TrainTinyOptions extends TinyRun {
  readonly stages?: readonly TinyStage[];
  readonly onUpdate?: (stage: TinyStage, line: LogLine) => void;
  readonly onExam?: (exam: Exam) => void;
}

/** How often a stage's answers about held-out scenes were right: about written ones, or about pictures. */
export interface Exam {
  readonly stage: TinyStage;
  readonly update: number;
  readonly found: Found;
}

/** Updates between two exams, of the stages that have them. */
const EXAM_EVERY: Partial<Record<TinyStage, number>> = { language: 50, mtt: 100, ift: 100 };

/**
 * Train infimm-tiny: each stage from where it stopped, from what the ones before it made. A second call goes on.
 * @returns whether all of the stages asked for are done
 */
export async function trainTiny(options: TrainTinyOptions): Promise<boolean> {
  const tiny = await makeTiny();
  for (const stage of options.stages ?? TINY_STAGES) {
    if (!(await runStage(stage, tiny, options))) return false;
  }
  return true;
}

/** Write what was trained as a model to be shipped, into `shipped`. @throws if a stage is not done */
export async function shipTrained(options: TrainTinyOptions, shipped: string): Promise<void> {
  const tiny = await makeTiny();
  await shipTiny(await modelBefore("end", tiny, options), tiny, shipped);
}

async function runStage(stage: TinyStage, tiny: Tiny, options: TrainTinyOptions): Promise<boolean> {
  const { recipe = TINY_RECIPE, seed = 1, backend, saveEvery = 50, signal } = options;
  const stageOptions: StageOptions = { tiny, recipe: recipe[stage], seed, backend };
  const run = {
    updates: recipe[stage].updates,
    folder: join(options.folder, stage),
    saveEvery,
    retention: { last: 2, every: 1e9 },
    identity: { stage, seed, ...recipe[stage] },
    signal,
  };
  /** After every update: the caller's, and an exam now and then. */
  const watch = (examine?: () => Promise<Found>) => async (line: LogLine) => {
    options.onUpdate?.(stage, line);
    const update = line.update + 1;
    if (examine && update % EXAM_EVERY[stage]! === 0) options.onExam?.({ stage, update, found: await examine() });
  };
  if (stage === "tower") return (await train({ ...run, ...(await towerStage(stageOptions)), onUpdate: watch() })).done;
  if (stage === "language") {
    const ready = languageStage(stageOptions);
    const exam = () => examine(ready.model, ready.source, tiny.processor);
    return (await train({ ...run, ...ready, onUpdate: watch(exam) })).done;
  }
  const model = await modelBefore(stage, tiny, options);
  const exam = stage === "pt" ? undefined : async () => shownFound(model, tiny.processor, await Sprites.load());
  return (await train({ ...run, ...(await connectorStage(stage, model, stageOptions)), onUpdate: watch(exam) })).done;
}
