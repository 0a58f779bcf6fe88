import { type InfiMM, languageModelLoss } from "../../infimm.ts";
import { idTensor } from "../../inputs.ts";
import type { Processor } from "../../processor/processor.ts";
import { countTargets } from "../batch.ts";
import type { Task } from "../objective.ts";
import type { BatchSource } from "../source.ts";
import { TASKS } from "../world/questions.ts";
import { textRow } from "../world/text.ts";
import { type Found, type Subject, writtenAccuracy } from "./exam.ts";
import { encodeRow, type TextBatch, textBatch } from "./textBatch.ts";
import { textLogits } from "./textModel.ts";

/** Predicting the answers in texts. */
export function textTask(model: InfiMM): Task<TextBatch> {
  return {
    targets: ({ labels }) => countTargets(labels),
    loss: ({ inputIds, labels }) =>
      languageModelLoss(textLogits(model, idTensor(inputIds, model.backend)), idTensor(labels, model.backend)),
  };
}

/** So many batches are drawn together and sorted by length, so that little is padding. */
const TOGETHER = 4;
/** One row in so many is of an earlier level or this one, in turn: nothing is forgotten. */
const REVIEW = 5;

/** Texts of one level after the other (text.ts). What update u reads follows from u and the level alone. */
export class Curriculum implements BatchSource<TextBatch> {
  level = 0;
  #update = 0;
  #drawn: { key: string; batches: TextBatch[] } = { key: "", batches: [] };
  readonly #options: { processor: Processor; rows: number; seed: number | string };

  constructor(options: { processor: Processor; rows: number; seed: number | string }) {
    this.#options = options;
  }

  async next() {
    const group = Math.floor(this.#update / TOGETHER);
    const key = `${group} ${this.level}`;
    if (this.#drawn.key !== key) this.#drawn = { key, batches: this.#draw(group) };
    return [[this.#drawn.batches[(this.#update++ + group) % TOGETHER]]];
  }

  state() {
    return { update: this.#update, level: this.level };
  }

  restore(state: unknown): void {
    const { update, level } = state as { update: number; level: number };
    [this.#update, this.level] = [update, level];
  }

  #draw(group: number): TextBatch[] {
    const { processor, rows, seed } = this.#options;
    const encoded = Array.from({ length: TOGETHER * rows }, (_, i) => {
      const index = group * TOGETHER * rows + i;
      const level = index % REVIEW === 0 ? Math.floor(index / REVIEW) % (this.level + 1) : this.level;
      return encodeRow(textRow(seed, index, level), processor);
    }).sort((a, b) => a.ids.length - b.ids.length);
    const { padId } = processor.tokenizer;
    return Array.from({ length: TOGETHER }, (_, i) => textBatch(encoded.slice(i * rows, (i + 1) * rows), padId));
  }
}

/** How often words told again have to be right before the next level begins. */
const KNOWN_AT_LEVEL_0 = 0.7;

/** Measure what the level teaches and go on to the next if it is known. `count` texts a subject. */
export async function examine(model: InfiMM, curriculum: Curriculum, processor: Processor, count = 64): Promise<Found> {
  const subjects: readonly Subject[] = curriculum.level === 0 ? ["wordsToldAgain"] : TASKS;
  const found: Found = {};
  for (const subject of subjects) found[subject] = await writtenAccuracy(model, processor, { subject, count });
  if (curriculum.level === 0 && found.wordsToldAgain! >= KNOWN_AT_LEVEL_0) curriculum.level++;
  return found;
}
