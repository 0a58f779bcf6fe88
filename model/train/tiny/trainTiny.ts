import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { Generator } from "../../../core/random.ts";
import type { Backend } from "../../../tensor/index.ts";
import { fromData } from "../../../tensor/index.ts";
import { openSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { InfiMM } from "../../infimm.ts";
import { latestCheckpoint, readState } from "../checkpoint.ts";
import { initializeInfiMM } from "../initialize.ts";
import { train } from "../run.ts";
import type { TaskName } from "../world/questions.ts";
import { LEVELS } from "../world/text.ts";
import { examine, type Subject, textModel, writtenAccuracy } from "./languageStage.ts";
import { makeTiny, type Tiny } from "./processor.ts";
import { KNOWN_BEFORE_PT, type StageRecipe, TINY_RECIPE, TINY_STAGES, type TinyStage } from "./recipe.ts";
import { connectorStage, languageStage, type StageOptions, towerStage } from "./stages.ts";
import { shipTiny } from "./ship.ts";
import type { LogLine } from "../updateLog.ts";

export interface TrainTinyOptions {
  /** A folder for each stage is made in it. */
  readonly folder: string;
  readonly stages?: readonly TinyStage[];
  readonly recipe?: Readonly<Record<TinyStage, StageRecipe>>;
  readonly seed?: number | string;
  readonly backend?: Backend;
  readonly saveEvery?: number;
  /** What has to be known of written scenes before `pt`. */
  readonly knowledge?: Partial<Record<TaskName, number>>;
  readonly signal?: AbortSignal;
  readonly onUpdate?: (stage: TinyStage, line: LogLine) => void;
  /** What was measured on held-out written scenes, at which update. */
  readonly onExam?: (update: number, level: number, found: Partial<Record<Subject, number>>) => void;
}

/** Updates between two looks at what the language model knows. */
const EXAM_EVERY = 50;

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
  const onUpdate = (line: LogLine) => options.onUpdate?.(stage, line);
  if (stage === "language") {
    const ready = languageStage(stageOptions);
    const exam = async (line: LogLine) => {
      onUpdate(line);
      if ((line.update + 1) % EXAM_EVERY !== 0) return;
      const { level } = ready.source;
      options.onExam?.(line.update + 1, level, await examine(ready.model, ready.source, tiny.processor));
    };
    return (await train({ ...run, ...ready, onUpdate: exam })).done;
  }
  if (stage === "tower") return (await train({ ...run, ...(await towerStage(stageOptions)), onUpdate })).done;
  const model = await modelBefore(stage, tiny, options);
  return (await train({ ...run, ...(await connectorStage(stage, model, stageOptions)), onUpdate })).done;
}

/** The model that a stage of the card begins with: all that the stages before it learnt, the rest as it begins. */
export async function modelBefore(
  stage: TinyStage | "end",
  tiny: Tiny,
  { folder, seed = 1, backend, recipe = TINY_RECIPE, knowledge = KNOWN_BEFORE_PT }: TrainTinyOptions,
): Promise<InfiMM> {
  const model = new InfiMM(tiny.config);
  initializeInfiMM(model, new Generator(`tiny connector ${seed}`), { backend });
  const before = stage === "end" ? TINY_STAGES : TINY_STAGES.slice(0, TINY_STAGES.indexOf(stage));
  for (const earlier of before) {
    const checkpoint = await latestCheckpoint(join(folder, earlier));
    const updates = checkpoint && (await readState(checkpoint)).trainer.updates;
    if (checkpoint === undefined || updates !== recipe[earlier].updates) {
      throw new InfimmError(
        `train tiny: stage ${stage} needs ${earlier}, of which ${updates ?? 0} of ${recipe[earlier].updates} updates are made in ${join(folder, earlier)}`,
      );
    }
    await takeOver(model, join(checkpoint, "model.safetensors"));
  }
  if (stage === "pt") await requireKnowledge(model, tiny, knowledge);
  return model;
}

/** Put what a stage learnt into the whole model; what was thrown away has no place in it. */
async function takeOver(model: InfiMM, path: string): Promise<void> {
  const places = model.stateDict();
  const file = await openSafetensors(path);
  for (const name of file.tensors.keys()) {
    const place = name.startsWith("vision_encoder.") ? `model.${name}` : name;
    if (!places.has(place)) {
      if (name.startsWith("decoder.")) continue;
      throw new InfimmError(`train tiny: ${path} has "${name}", which is no part of the model`);
    }
    const { data, dtype, shape } = await file.read(name);
    model.setTensor(place, fromData(data, shape, dtype, model.backend));
  }
  await file.close();
}

/** @throws if the language model does not answer about written scenes: pictures could not help it */
async function requireKnowledge(
  model: InfiMM,
  tiny: Tiny,
  knowledge: Partial<Record<TaskName, number>>,
): Promise<void> {
  const alone = textModel(tiny.config);
  const places = model.stateDict();
  for (const name of alone.stateDict().keys()) alone.setTensor(name, places.get(name)!);
  for (const [task, bar] of Object.entries(knowledge) as [TaskName, number][]) {
    const known = await writtenAccuracy(alone, tiny.processor, { subject: task, count: 300 });
    if (known >= bar) continue;
    throw new InfimmError(
      `train tiny: the language model answers ${task} about written scenes rightly in ${(100 * known).toFixed(1)} % of cases; ${100 * bar} % are needed before it is shown pictures (${LEVELS} levels of texts teach it)`,
    );
  }
}
