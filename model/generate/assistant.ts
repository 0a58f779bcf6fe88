import { InfimmError } from "../../core/errors.ts";
import { openBackend } from "../../tensor/index.ts";
import { type AnswerEnd, type AnswerOptions, answerParts } from "./answerOptions.ts";
import { AnswerText, stopAt, written } from "./answerText.ts";
import { Chat } from "./chat.ts";
import { generate, generateSteps } from "./generate.ts";
import type { HeardLogprobs } from "./heardLogprobs.ts";
import { completeOptions } from "./options.ts";
import { openFor, PRETRAINED_NAMES } from "../checkpoint/openCheckpoint.ts";
import type { InfiMM } from "../infimm.ts";
import type { PretrainedOptions } from "../checkpoint/checkpoint.ts";
import type { Processor, ProcessorInput } from "../processor/processor.ts";
import type { PictureSource } from "../processor/pictures/readPicture.ts";
import { pictureList, readPictures, type UnreadInput } from "../processor/pictures/readPictures.ts";

/** A model with its processor: pictures and words in, words out. */
export class Assistant {
  readonly model: InfiMM;
  readonly processor: Processor;
  private disposed = false;

  constructor(model: InfiMM, processor: Processor) {
    this.model = model;
    this.processor = processor;
  }

  /**
   * By a folder with config.json, weights, tokenizer.json and tokenizer_config.json (Node), the address of one
   * (browsers), or a name on the Hugging Face hub, such as "Infi-MM/infimm-zephyr".
   * @throws naming the file and what is wrong with it
   */
  static async fromPretrained(source: string, options: PretrainedOptions = {}): Promise<Assistant> {
    const { loadModel, loadProcessor } = await import("../checkpoint/pretrained.ts");
    const checkpoint = await openFor(source, options, PRETRAINED_NAMES);
    const processor = await loadProcessor(checkpoint); // first: it is quick, and may find something wrong
    const backend = typeof options.backend === "object" ? options.backend : await openBackend(options.backend);
    const precompile = backend.software === false; // in software it costs the time that it would save
    return new Assistant(await loadModel(checkpoint, { precompile, ...options, backend }), processor);
  }

  /** The answer about pictures (paths, addresses, bytes, pixels …; one or several), piece by piece as it is made. */
  async *ask(
    question: string,
    pictures: PictureSource | readonly PictureSource[] = [],
    options: AnswerOptions = {},
  ): AsyncGenerator<string> {
    const images = pictureList(pictures).map((image) => ({ image }));
    yield* this.reply([{ role: "user", content: [...images, question] }], options);
  }

  /** Frees the model's weights. It cannot answer afterwards, and says so. */
  dispose(): void {
    this.model.dispose();
    this.disposed = true;
  }

  /** `using assistant = await Assistant.fromPretrained(…)` frees it at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A conversation of many turns, which this keeps. */
  chat(options: { system?: string } = {}): Chat {
    return new Chat(this, options);
  }

  /**
   * The next turn of a conversation, piece by piece. No piece ends inside a character. A beam search knows its text only
   * at the end: it gives one piece.
   */
  async *reply(conversation: UnreadInput, options: AnswerOptions = {}): AsyncGenerator<string> {
    const began = performance.now();
    const { generation, prompt, stopStrings, logprobs, onEnd } = answerParts(options);
    this.requireWeights();
    const { beams = 1, numReturnSequences = 1 } = generation;
    if (numReturnSequences !== 1) {
      throw new InfimmError(
        `answer: numReturnSequences is ${numReturnSequences}, but this gives one answer; replies gives several`,
      );
    }
    if (beams > 1) {
      const [[best]] = await this.replies([conversation], options);
      if (best) yield best;
      return;
    }
    const prompts = this.processor.apply(await readPictures(conversation), prompt);
    const text = new AnswerText(this.processor, stopStrings);
    const heard = logprobs ? await heardBy(this.processor, 1) : undefined;
    const how = { ...generation, onLogprobs: heard?.hear };
    const { eosTokenIds } = completeOptions(how, this.model.config);
    let tokens = 0;
    let ended = false;
    const stop = (ids: readonly number[], row: number) => (ended = generation.stop?.(ids, row) ?? false);
    for await (const [id] of generateSteps(this.model, prompts, { ...how, stop })) {
      tokens++;
      const piece = text.push(id);
      if (piece) yield piece;
      ended ||= text.stopped || eosTokenIds.includes(id);
      if (text.stopped) break;
    }
    const rest = text.finish();
    if (rest) yield rest;
    const promptTokens = prompts.inputIds[0].length;
    const seconds = (performance.now() - began) / 1000;
    const reason = ended ? "stop" : "length";
    onEnd?.({ tokens, promptTokens, seconds, reason, ...(heard && { logprobs: heard.of(0) }) });
  }

  /**
   * The next turn of several conversations at once.
   * @returns for each its answers: `numReturnSequences` of them, the best first if they are beams
   */
  async replies(conversations: readonly UnreadInput[], options: AnswerOptions = {}): Promise<string[][]> {
    const began = performance.now();
    const { generation, prompt, stopStrings, logprobs, onEnd } = answerParts(options);
    this.requireWeights();
    const { stop, numReturnSequences = 1 } = generation;
    const read: ProcessorInput[] = [];
    for (const conversation of conversations) read.push(await readPictures(conversation));
    const ends = stopAt(this.processor, stopStrings);
    const prompts = this.processor.applyBatch(read, prompt);
    const heard = logprobs ? await heardBy(this.processor, conversations.length * numReturnSequences) : undefined;
    const how = { ...generation, onLogprobs: heard?.hear };
    const rows = await generate(this.model, prompts, {
      ...how,
      stop: (ids, row) => (stop?.(ids, row) ?? false) || ends(ids),
    });
    const answers = rows.map((ids) => written(this.processor, ids, stopStrings).text);
    const seconds = (performance.now() - began) / 1000;
    for (const [row, ids] of rows.entries()) {
      const sample = Math.floor(row / numReturnSequences);
      const promptTokens = prompts.attentionMask[sample].reduce((sum, real) => sum + real, 0);
      const isStop = (given: readonly number[]) => (stop?.(given, row) ?? false) || ends(given);
      const end = endOf(ids, completeOptions(how, this.model.config).eosTokenIds, isStop);
      onEnd?.({ ...end, promptTokens, seconds, ...(heard && { logprobs: heard.of(row) }) });
    }
    return conversations.map((_, i) => answers.slice(i * numReturnSequences, (i + 1) * numReturnSequences));
  }

  private requireWeights(): void {
    if (this.disposed) throw new InfimmError("answer: the assistant was disposed of; load it again");
  }
}

/** What hears log-probabilities, which few ask for. */
async function heardBy(processor: Processor, rows: number): Promise<HeardLogprobs> {
  return new (await import("./heardLogprobs.ts")).HeardLogprobs(processor, rows);
}

/** How a row of `generate` ended: at its first end of sequence, or where `stop` says so; what follows is padding. */
function endOf(
  ids: readonly number[],
  eosTokenIds: readonly number[],
  stop: (ids: readonly number[]) => boolean,
): Pick<AnswerEnd, "tokens" | "reason"> {
  const at = ids.findIndex((id, i) => eosTokenIds.includes(id) || stop(ids.slice(0, i + 1)));
  return at < 0 ? { tokens: ids.length, reason: "length" } : { tokens: at + 1, reason: "stop" };
}
