import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { Generator } from "../../../core/random.ts";
import { type Backend, fromData } from "../../../tensor/index.ts";
import { openSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { InfiMM } from "../../infimm.ts";
import { latestCheckpoint, readState } from "../checkpoint.ts";
import { initializeInfiMM } from "../initialize.ts";
import type { TaskName } from "../world/questions.ts";
import { LEVELS } from "../world/text.ts";
import type { Ablation } from "./ablation.ts";
import { writtenAccuracy } from "./exam.ts";
import type { Tiny } from "./processor.ts";
import { KNOWN_BEFORE_PT, type StageRecipe, TINY_RECIPE, TINY_STAGES, type TinyStage } from "./recipe.ts";
import { textModel } from "./textModel.ts";

/** Where the stages of infimm-tiny stand, and how they were trained. */
export interface TinyRun {
  /** A folder for each stage is made in it. */
  readonly folder: string;
  readonly recipe?: Readonly<Record<TinyStage, StageRecipe>>;
  readonly seed?: number | string;
  readonly backend?: Backend;
  readonly saveEvery?: number;
  /** What has to be known of written scenes before `pt`. */
  readonly knowledge?: Partial<Record<TaskName, number>>;
  readonly signal?: AbortSignal;
}

/**
 * The model that a stage of the card begins with: all that the stages before it learnt, the rest as it begins.
 * @param ablation what is otherwise: how the model is made and begins, and a stage that is passed over
 */
export async function modelBefore(
  stage: TinyStage | "end",
  tiny: Tiny,
  { folder, seed = 1, backend, recipe = TINY_RECIPE, knowledge = KNOWN_BEFORE_PT }: TinyRun,
  { make = (config) => new InfiMM(config), rules, without }: Ablation = {},
): Promise<InfiMM> {
  const model = make(tiny.config);
  initializeInfiMM(model, new Generator(`tiny connector ${seed}`), { backend, rules });
  const before = stage === "end" ? TINY_STAGES : TINY_STAGES.slice(0, TINY_STAGES.indexOf(stage));
  for (const earlier of before.filter((one) => one !== without)) {
    const checkpoint = await latestCheckpoint(join(folder, earlier));
    const updates = checkpoint && (await readState(checkpoint)).trainer.updates;
    if (checkpoint === undefined || updates !== recipe[earlier].updates) {
      throw new InfimmError(
        `train tiny: stage ${stage} needs ${earlier}, of which ${updates ?? 0} of ${recipe[earlier].updates} updates are made in ${join(folder, earlier)}`,
      );
    }
    await takeOver(model, join(checkpoint, "model.safetensors"));
  }
  if (stage === "pt" && without !== "language") await requireKnowledge(model, tiny, knowledge);
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
  for (const name of alone.stateDict().keys()) {
    const value = places.get(name);
    if (value) alone.setTensor(name, value); // an ablation may have no resampler; no text needs it
  }
  for (const [task, bar] of Object.entries(knowledge) as [TaskName, number][]) {
    const known = await writtenAccuracy(alone, tiny.processor, { subject: task, count: 300 });
    if (known >= bar) continue;
    throw new InfimmError(
      `train tiny: the language model answers ${task} about written scenes rightly in ${(100 * known).toFixed(1)} % of cases; ${100 * bar} % are needed before it is shown pictures (${LEVELS} levels of texts teach it)`,
    );
  }
}
