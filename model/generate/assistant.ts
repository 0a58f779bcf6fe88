import { openBackend } from "../../tensor/index.ts";
import type { AnswerOptions } from "./answerOptions.ts";
import { Chat } from "./chat.ts";
import { generate, generateSteps } from "./generate.ts";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import type { InfiMM } from "../infimm.ts";
import type { PretrainedOptions } from "../checkpoint/checkpoint.ts";
import type { Processor, ProcessorInput } from "../processor/processor.ts";
import type { PictureSource } from "../processor/pictures/readPicture.ts";
import { readPictures, type UnreadInput } from "../processor/pictures/readPictures.ts";
import { StopStrings } from "../processor/text/stopStrings.ts";
import { StreamDecoder } from "../processor/text/streamDecoder.ts";

/** A model with its processor: pictures and words in, words out. */
export class Assistant {
  readonly model: InfiMM;
  readonly processor: Processor;

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
    const checkpoint = await openCheckpoint(source, options);
    const processor = await loadProcessor(checkpoint); // first: it is quick, and may find something wrong
    const backend = typeof options.backend === "object" ? options.backend : await openBackend(options.backend);
    const precompile = backend.software === false; // in software it costs the time that it would save
    return new Assistant(await loadModel(checkpoint, { precompile, ...options, backend }), processor);
  }

  /** The answer about pictures (paths, addresses, bytes, pixels …), piece by piece as it is made. */
  async *ask(
    question: string,
    pictures: readonly PictureSource[],
    options: AnswerOptions = {},
  ): AsyncGenerator<string> {
    yield* this.reply([{ role: "user", content: [...pictures.map((image) => ({ image })), question] }], options);
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
    if ((options.beams ?? 1) > 1) {
      const [[best]] = await this.replies([conversation], options);
      if (best) yield best;
      return;
    }
    const prompts = this.processor.apply(await readPictures(conversation), options);
    const text = new AnswerText(this.processor, options.stopStrings);
    for await (const [id] of generateSteps(this.model, prompts, { ...options, numReturnSequences: 1 })) {
      const piece = text.push(id);
      if (piece) yield piece;
      if (text.stopped) return;
    }
    const rest = text.finish();
    if (rest) yield rest;
  }

  /**
   * The next turn of several conversations at once.
   * @returns for each its answers: `numReturnSequences` of them, the best first if they are beams
   */
  async replies(conversations: readonly UnreadInput[], options: AnswerOptions = {}): Promise<string[][]> {
    const { stopStrings, stop, numReturnSequences = 1 } = options;
    const written = (ids: readonly number[]) => {
      const text = new AnswerText(this.processor, stopStrings);
      let all = "";
      for (const id of ids) {
        all += text.push(id);
        if (text.stopped) return { all, stopped: true };
      }
      return { all: all + text.finish(), stopped: false };
    };
    const read: ProcessorInput[] = [];
    for (const conversation of conversations) read.push(await readPictures(conversation));
    const rows = await generate(this.model, this.processor.applyBatch(read, options), {
      ...options,
      stop: (ids, row) => (stop?.(ids, row) ?? false) || (!!stopStrings?.length && written(ids).stopped),
    });
    const answers = rows.map((ids) => written(ids).all);
    return conversations.map((_, i) => answers.slice(i * numReturnSequences, (i + 1) * numReturnSequences));
  }
}

/** An answer's ids as the text to show: whole characters, no special tokens, cut at stop strings. */
class AnswerText {
  stopped = false;
  readonly #decoder: StreamDecoder;
  readonly #stops: StopStrings;

  constructor({ tokenizer }: Processor, stopStrings: readonly string[] = []) {
    this.#decoder = new StreamDecoder(tokenizer, { skipSpecialTokens: true });
    this.#stops = new StopStrings(stopStrings);
  }

  push(id: number): string {
    return this.#cut(this.#decoder.push(id));
  }

  finish(): string {
    const rest = this.#cut(this.#decoder.finish());
    return this.stopped ? rest : rest + this.#stops.finish();
  }

  #cut(piece: string): string {
    const { text, stopped } = this.#stops.push(piece);
    this.stopped = stopped;
    return text;
  }
}
