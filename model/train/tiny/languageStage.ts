import { type Tensor, zeros } from "../../../tensor/index.ts";
import type { InfiMMConfig } from "../../config/config.ts";
import { mediaPlaces } from "../../crossAttention/media.ts";
import { InfiMM, languageModelLoss } from "../../infimm.ts";
import { idTensor } from "../../inputs.ts";
import type { Processor } from "../../processor/processor.ts";
import { countTargets } from "../batch.ts";
import { IGNORED } from "../labels.ts";
import type { Task } from "../objective.ts";
import type { BatchSource } from "../source.ts";
import { type TaskName, TASKS } from "../world/questions.ts";
import type { Split } from "../world/scene.ts";
import { heldOutRow, textRow } from "../world/text.ts";
import { encodeRow, type TextBatch, textBatch } from "./textBatch.ts";

/** The model without a layer that looks: its language model alone, under the same names. */
export function textModel(config: InfiMMConfig): InfiMM {
  return new InfiMM({ ...config, cross_attn_every_n_layers: config.language.num_hidden_layers + 1 });
}

/** Token ids -> logits, of a model in which no layer looks. */
function textLogits(model: InfiMM, inputIds: Tensor): Tensor {
  const features = zeros([inputIds.shape[0], 1, 1, model.config.visual.width], "f32", model.backend); // [b, 1, 1, w]
  const media = { features, ...mediaPlaces(inputIds, model.config.image_token_id) };
  return model.model.lang_encoder.call({ inputIds }, media); // [b, t, vocab]
}

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

/** What a text is about: words told again (level 0), or a task. */
export type Subject = "wordsToldAgain" | TaskName;

/** How often words told again have to be right before the next level begins. */
const KNOWN_AT_LEVEL_0 = 0.7;

/** Measure what the level teaches and go on to the next if it is known. `count` texts a subject. */
export async function examine(
  model: InfiMM,
  curriculum: Curriculum,
  processor: Processor,
  count = 64,
): Promise<Partial<Record<Subject, number>>> {
  const subjects: readonly Subject[] = curriculum.level === 0 ? ["wordsToldAgain"] : TASKS;
  const found: Partial<Record<Subject, number>> = {};
  for (const subject of subjects) found[subject] = await writtenAccuracy(model, processor, { subject, count });
  if (curriculum.level === 0 && found.wordsToldAgain! >= KNOWN_AT_LEVEL_0) curriculum.level++;
  return found;
}

const ROWS_AT_ONCE = 32;

/**
 * How often greedy decoding is right about held-out written scenes, each token being the likeliest: the share of answers,
 * or of chunks of words.
 */
export async function writtenAccuracy(
  model: InfiMM,
  processor: Processor,
  { subject, count, split = "seen" }: { subject: Subject; count: number; split?: Split },
): Promise<number> {
  const rows = Array.from({ length: count }, (_, i) =>
    subject === "wordsToldAgain" ? textRow("held out", i, 0) : heldOutRow("held out", i, subject, { split }),
  ).map((row) => encodeRow(row, processor));
  const { padId } = processor.tokenizer;
  const [end, endOfText] = ["<|endofchunk|>", "</s>"].map((token) => processor.tokenizer.tokenToId(token));
  let [right, pieces] = [0, 0];
  for (let at = 0; at < count; at += ROWS_AT_ONCE) {
    const { inputIds, labels } = textBatch(rows.slice(at, at + ROWS_AT_ONCE), padId);
    const best = await likeliest(model, inputIds);
    for (const [r, row] of labels.entries()) {
      let good = true;
      for (const [t, label] of row.entries()) {
        if (label === IGNORED || label === endOfText) continue;
        good &&= best[r][t - 1] === label;
        if (label !== end && row[t + 1] !== IGNORED) continue;
        right += Number(good); // an answer, or a chunk, ends here
        pieces++;
        good = true;
      }
    }
  }
  return right / pieces;
}

async function likeliest(model: InfiMM, inputIds: TextBatch["inputIds"]): Promise<number[][]> {
  const tokens = idTensor(inputIds, model.backend);
  const best = textLogits(model, tokens).argmax(-1); // [b, t]
  const values = Array.from(await best.data(), Number);
  for (const tensor of [tokens, best]) tensor.dispose();
  const t = inputIds[0].length;
  return inputIds.map((_, r) => values.slice(r * t, (r + 1) * t));
}
