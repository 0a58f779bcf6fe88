import { Generator } from "../../../core/random.ts";
import { constant, initialize } from "../../../nn/init.ts";
import type { Module } from "../../../nn/module.ts";
import { AdamW } from "../../../nn/optim/adamW.ts";
import { Muon } from "../../../nn/optim/muon.ts";
import type { Optimizer, OptimizerOptions } from "../../../nn/optim/optimizer.ts";
import type { Backend } from "../../../tensor/index.ts";
import type { InfiMM } from "../../infimm.ts";
import type { Batch } from "../batch.ts";
import { collate, type PreparedSample } from "../collate.ts";
import { connectorWeightDecay } from "../decay.ts";
import { Feed } from "../feed.ts";
import { type Learning, learningOf, type Stage } from "../freeze.ts";
import { initialRules } from "../initialize.ts";
import { nextTokenTask } from "../objective.ts";
import { preparer } from "../prepare.ts";
import { type BatchSource, batchesOf } from "../source.ts";
import { Trainer } from "../trainer.ts";
import type { Records } from "../documents.ts";
import { worldRecords } from "../world/documents.ts";
import { Sprites } from "../world/sprites.ts";
import { Curriculum, textTask } from "./languageStage.ts";
import { textModel } from "./textModel.ts";
import { languageBeginning } from "./languageBeginning.ts";
import type { Tiny } from "./processor.ts";
import { GATE_LR_SCALE, scheduleOf, type StageRecipe, type TinySource } from "./recipe.ts";
import { groundedCaptions, TowerTeacher, towerTask } from "./towerStage.ts";

export interface StageOptions {
  readonly tiny: Tiny;
  readonly recipe: StageRecipe;
  readonly seed: number | string;
  readonly backend?: Backend;
}

/** Weight decay of matrices, where everything learns. */
const DECAY = 0.01;

/** No source of a stage has an end that a run would reach. */
const RECORDS = 1e6;

const matrices = (name: string) => (/norm|_ln|bias/.test(name) ? 0 : DECAY);

/** Matrices of hidden layers, by the names of the parts that have them. */
const HIDDEN = {
  tower: ["**.blocks.**.*proj.weight", "**.blocks.**.w*.weight"],
  language: ["**.decoder_layer.**.*_proj.weight"],
  looking: ["**.to_*.weight", "**.ff.*.weight"],
  resampling: ["model.perceiver.**.weight"],
};

/** What the recipe learns by. */
function optimizerOf(
  { muon, betas, ...recipe }: StageRecipe,
  model: Module,
  hidden: readonly string[],
  options: Pick<OptimizerOptions, "weightDecay" | "groups">,
): Optimizer {
  const shared = { lr: scheduleOf(recipe), betas, ...options };
  if (muon === undefined) return new AdamW(model, shared);
  const scaled = Object.fromEntries(hidden.map((names) => [names, { lrScale: muon }]));
  return new Muon(model, { ...shared, hidden, groups: { ...scaled, ...options.groups } });
}

/** Texts -> the language model. */
export function languageStage({ tiny, recipe, seed, backend }: StageOptions) {
  const model = textModel(tiny.config);
  const generator = new Generator(`tiny ${seed}`);
  const rules = { ...initialRules(tiny.config), ...languageBeginning(tiny.config.language, generator) };
  initialize(model, generator, { rules, backend });
  const optimizer = optimizerOf(recipe, model, HIDDEN.language, { weightDecay: matrices });
  const learning = { patterns: ["model.lang_encoder.**"] };
  const trainer = new Trainer({ model, task: textTask(model), learning, optimizer });
  const source = new Curriculum({ processor: tiny.processor, rows: recipe.batch, seed });
  return { model, trainer, source };
}

/** Pictures with what is where -> the tower, and a decoder that is thrown away. */
export async function towerStage({ tiny, recipe, seed, backend }: StageOptions) {
  const model = new TowerTeacher(tiny.config);
  const rules = { ...initialRules(tiny.config, "vision_encoder", "decoder"), "**.*_gate": constant(1) };
  initialize(model, new Generator(`tiny tower ${seed}`), { rules, backend });
  const optimizer = optimizerOf(recipe, model, [...HIDDEN.tower, ...HIDDEN.language, ...HIDDEN.looking], {
    weightDecay: matrices,
  });
  const trainer = new Trainer({ model, task: towerTask(model), learning: { patterns: ["**"] }, optimizer });
  const records = groundedCaptions({ length: RECORDS, sprites: await Sprites.load(), seed });
  return { model, trainer, source: batches([records], { grounded: 1 }, { tiny, recipe, seed }) };
}

/** One of the card's stages: the connector learns to look, tower and language model are frozen, unless told otherwise. */
export async function connectorStage(
  stage: Stage,
  model: InfiMM,
  { tiny, recipe, seed, learning = learningOf(stage, tiny.config) }: StageOptions & { readonly learning?: Learning },
) {
  const optimizer = optimizerOf(recipe, model, [...HIDDEN.looking, ...HIDDEN.resampling], {
    weightDecay: connectorWeightDecay(),
    groups: { "**.*_gate": { lrScale: GATE_LR_SCALE } },
  });
  const trainer = new Trainer({ model, task: nextTokenTask(model), learning, optimizer });
  const sprites = await Sprites.load();
  const drawn = { length: RECORDS, sprites, seed: `${stage} ${seed}` };
  const records = (Object.keys(recipe.sources ?? {}) as TinySource[]).map((name) =>
    name === "grounded" ? groundedCaptions(drawn) : worldRecords(name, drawn),
  );
  return { model, trainer, source: batches(records, recipe.sources ?? {}, { tiny, recipe, seed }) };
}

/** Batches of documents drawn from sources by share. */
function batches(
  records: readonly Records[],
  shares: Partial<Record<string, number>>,
  { tiny, recipe, seed }: Pick<StageOptions, "tiny" | "recipe" | "seed">,
): BatchSource<Batch> {
  const values = Object.values(shares) as number[];
  const weights = Object.fromEntries(records.map(({ source }, i) => [source, values[i]]));
  const prepare = preparer(tiny.processor, { maxLength: tiny.config.language.vocab_size });
  const feed = new Feed<PreparedSample>(records, { seed, weights, prepare });
  return batchesOf<PreparedSample, Batch>({
    accumulation: 1,
    parts: [{ kind: "samples", size: recipe.batch, samples: feed }],
    collate: (samples, kind) => ({ ...collate(samples, tiny.processor), kind }),
  });
}
