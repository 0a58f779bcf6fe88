import { scope, type Tensor } from "../../../tensor/index.ts";
import type { InfiMM } from "../../infimm.ts";
import { idTensor, modelInputs } from "../../inputs.ts";
import type { Processor } from "../../processor/processor.ts";
import { collate, type PreparedSample } from "../collate.ts";
import { IGNORED } from "../labels.ts";
import { preparer } from "../prepare.ts";
import { pictureOf, worldItem } from "../world/evaluation.ts";
import { type TaskName, TASKS } from "../world/questions.ts";
import type { Split } from "../world/scene.ts";
import type { Sprites } from "../world/sprites.ts";
import { heldOutRow, SHORT_ANSWER, textRow } from "../world/text.ts";
import { encodeRow, textBatch } from "./textBatch.ts";
import { textLogits } from "./textModel.ts";

/** What a text is about: words told again (level 0), or a task. */
export type Subject = "wordsToldAgain" | TaskName;

export type Found = Partial<Record<Subject, number>>;

/** Rows of one forward pass. */
const TOGETHER = 32;

export interface ExamOptions {
  readonly count: number;
  readonly split?: Split;
}

/**
 * How often greedy decoding is right about held-out written scenes, each token being the likeliest: the share of answers,
 * or of chunks of words.
 */
export async function writtenAccuracy(
  model: InfiMM,
  processor: Processor,
  { subject, count, split = "seen" }: ExamOptions & { subject: Subject },
): Promise<number> {
  const rows = Array.from({ length: count }, (_, i) =>
    subject === "wordsToldAgain" ? textRow("held out", i, 0) : heldOutRow("held out", i, subject, { split }),
  ).map((row) => encodeRow(row, processor));
  const marks = new Marks(processor);
  for (let at = 0; at < count; at += TOGETHER) {
    const { inputIds, labels } = textBatch(rows.slice(at, at + TOGETHER), processor.tokenizer.padId);
    marks.add(labels, await likeliest(() => textLogits(model, idTensor(inputIds, model.backend))));
  }
  return marks.share;
}

/** The same about pictures of held-out scenes, asked as in multi-task training. */
export async function shownAccuracy(
  model: InfiMM,
  processor: Processor,
  { task, sprites, count, split = "seen" }: ExamOptions & { task: TaskName; sprites: Sprites },
): Promise<number> {
  const prepare = preparer(processor);
  const marks = new Marks(processor);
  for (let at = 0; at < count; at += TOGETHER) {
    const samples = Array.from({ length: Math.min(TOGETHER, count - at) }, async (_, i) => {
      const item = worldItem(task, at + i, { split, seed: "exam" });
      const asked = task === "caption" ? [item.question] : [item.question, SHORT_ANSWER];
      const given = asked.map((text) => ({ text, learn: false }));
      const parts = [{ pixels: pictureOf(item, sprites) }, ...given, { text: item.answer, learn: true }];
      return (await prepare({ id: item.id, source: "exam", layout: "task", parts })) as PreparedSample;
    });
    const batch = collate(await Promise.all(samples), processor);
    marks.add(batch.labels, await likeliest(() => model.call(modelInputs(batch, model.backend))));
  }
  return marks.share;
}

/** `shownAccuracy` of every task. */
export async function shownFound(model: InfiMM, processor: Processor, sprites: Sprites, count = 64): Promise<Found> {
  const found: Found = {};
  for (const task of TASKS) found[task] = await shownAccuracy(model, processor, { task, sprites, count });
  return found;
}

/** Counts answers of which every token is the likeliest. */
class Marks {
  #right = 0;
  #answers = 0;
  readonly #end: number;
  readonly #endOfText: number;

  constructor({ tokenizer }: Processor) {
    [this.#end, this.#endOfText] = ["<|endofchunk|>", "</s>"].map((token) => tokenizer.tokenToId(token)!);
  }

  get share(): number {
    return this.#right / this.#answers;
  }

  /** @param labels of rows; `best`: the likeliest token after each place */
  add(labels: readonly ArrayLike<number>[], best: readonly (readonly number[])[]): void {
    for (const [r, row] of labels.entries()) {
      let good = true;
      for (let t = 1; t < row.length; t++) {
        if (row[t] === IGNORED || row[t] === this.#endOfText) continue;
        good &&= best[r][t - 1] === row[t];
        if (row[t] !== this.#end && row[t + 1] !== IGNORED) continue;
        this.#right += Number(good); // an answer, or a chunk, ends here
        this.#answers++;
        good = true;
      }
    }
  }
}

/** Logits [b, t, vocab] -> the likeliest token after each place, [b][t]. */
async function likeliest(logits: () => Tensor): Promise<number[][]> {
  const best = scope(() => logits().argmax(-1)); // [b, t]
  const values = Array.from(await best.data(), Number);
  const [b, t] = best.shape;
  best.dispose();
  return Array.from({ length: b }, (_, r) => values.slice(r * t, (r + 1) * t));
}
