import { InfimmError } from "../../core/errors.ts";
import { fromData, gather, keep, logSoftmax, noGrad, repeat, scope, slice, type Tensor } from "../../tensor/index.ts";
import type { Assistant } from "../generate/assistant.ts";
import { generate } from "../generate/generate.ts";
import type { GenerateOptions } from "../generate/options.ts";
import type { InfiMM } from "../infimm.ts";
import { idTensor, type Prompts } from "../inputs.ts";
import type { Processor } from "../processor/processor.ts";
import type { Message } from "../processor/text/prompt.ts";
import { IGNORED } from "../train/labels.ts";
import { trainingBatch } from "../train/trainingBatch.ts";

/** A token of the answer that is studied. */
export interface AnswerToken {
  readonly id: number;
  /** What it adds to the text: with a space in front where the text has one; "" inside a character. */
  readonly text: string;
  readonly special: boolean;
}

/**
 * One conversation with its answer, and what the tower saw in its pictures. Every study runs the same text again, with
 * something changed, and asks what became of the answer.
 */
export class StudiedAnswer implements Disposable {
  readonly model: InfiMM;
  readonly processor: Processor;
  /** The prompt and then the answer. */
  readonly ids: readonly number[];
  /** Index of the answer's first token. The logits that choose token i of the answer stand at `start + i - 1`. */
  readonly start: number;
  readonly tokens: readonly AnswerToken[];
  /** [1, m, v, w]: m pictures of v tokens, CLS and the patches */
  readonly visionFeatures: Tensor;
  /** [1, m, n, w]: the media tokens that words look at */
  readonly media: Tensor;

  /** @param answer the ids of the answer, as `generate` gives them */
  constructor(
    { model, processor }: Pick<Assistant, "model" | "processor">,
    prompts: Prompts,
    answer: readonly number[],
  ) {
    const [b, pictures] = prompts.pixelShape;
    if (b !== 1 || prompts.inputIds.length !== 1) throw new InfimmError(`study: expected one conversation, got ${b}`);
    if (answer.length === 0) throw new InfimmError("study: the answer is empty");
    if (!Array.from(prompts.inputIds[0]).includes(processor.imageTokenId) || pictures === 0) {
      throw new InfimmError("study: the conversation has no picture");
    }
    this.model = model;
    this.processor = processor;
    this.ids = [...Array.from(prompts.inputIds[0]), ...answer];
    this.start = prompts.inputIds[0].length;
    const pieces = processor.pieces(answer);
    this.tokens = answer.map((id, i) => ({ id, text: pieces[i], special: processor.tokenizer.isSpecial(id) }));
    const pixels = () => fromData(prompts.pixelValues, prompts.pixelShape, "f32", model.backend);
    this.visionFeatures = scope(() => keep(model.model.visionFeatures(pixels())));
    this.media = scope(() => keep(this.resample(this.visionFeatures)));
  }

  /** What the model says itself: the pictures and the question are asked, and the likeliest answer is studied. */
  static async of(
    assistant: Assistant,
    conversation: readonly Message[],
    options: GenerateOptions = {},
  ): Promise<StudiedAnswer> {
    const prompts = assistant.processor.apply(conversation);
    const [answer] = await generate(assistant.model, prompts, options);
    return new StudiedAnswer(assistant, prompts, answer);
  }

  /**
   * An answer that the model need not have given: the last message, of role "assistant". Its tokens are those that stand
   * in the conversation as it is written, which a tokenizer does not give for the answer alone.
   */
  static forced(assistant: Pick<Assistant, "model" | "processor">, conversation: readonly Message[]): StudiedAnswer {
    const { labels, ...batch } = trainingBatch(assistant.processor, [conversation]);
    const ids = Array.from(batch.inputIds[0]);
    const end = labels[0].findLastIndex((label) => label !== IGNORED) + 1;
    const start = labels[0].subarray(0, end).lastIndexOf(IGNORED) + 1; // of the last answer, if there are several
    const prompts = { ...batch, inputIds: [ids.slice(0, start)] };
    return new StudiedAnswer(assistant, prompts, ids.slice(start, end));
  }

  /** The media tokens [b, m, n, w] of b variants of what the tower saw, or, run once more, of what it saw. */
  resample(visionFeatures = this.visionFeatures): Tensor {
    return noGrad(() => this.model.model.resample(visionFeatures)); // [b, m, n, w]
  }

  /** The media tokens of b runs in which something at `path` is changed: the resampler runs again if that is inside it. */
  mediaFor(path: string, b: number): Tensor {
    if (path.includes("lang_encoder")) return repeat(this.media, "1 m n w -> b m n w", { b }); // [b, m, n, w]
    return this.resample(repeat(this.visionFeatures, "1 m v w -> b m v w", { b })); // [b, m, n, w]
  }

  /**
   * How probable the answer is with these media tokens [b, m, n, w]: the natural logarithm for each of its a tokens, each
   * after those before it. f32 [b, a]
   */
  logProbs(features: Tensor): Tensor {
    return noGrad(() => {
      const [b] = features.shape;
      const [a, backend] = [this.tokens.length, this.model.backend];
      const logits = this.model.call({ inputIds: this.inputIds(b), features }); // [b, t, vocab]
      const choosing = slice(logits, 1, this.start - 1, this.start - 1 + a); // [b, a, vocab]
      const said = repeat(idTensor([this.ids.slice(this.start)], backend), "1 a -> b a 1", { b }); // [b, a, 1]
      return gather(logSoftmax(choosing, -1), 2, said).reshape(b, a); // [b, a]
    });
  }

  /** Prompt and answer b times: i32 [b, t] */
  inputIds(b = 1): Tensor {
    return repeat(idTensor([this.ids], this.model.backend), "1 t -> b t", { b }); // [b, t]
  }

  [Symbol.dispose](): void {
    this.visionFeatures.dispose();
    this.media.dispose();
  }
}
