import type { GenerateOptions } from "./generate/options.ts";
import { generateSteps } from "./generate/generate.ts";
import type { InfiMM } from "./infimm.ts";
import type { LoadOptions } from "./weights/loadWeights.ts";
import type { Processor } from "./processor/processor.ts";
import type { PictureSource } from "./processor/readPicture.ts";
import { readPictures, type UnreadInput } from "./processor/readPictures.ts";
import { StreamDecoder } from "./processor/streamDecoder.ts";

/** A model with its processor: pictures and words in, words out. */
export class Assistant {
  readonly model: InfiMM;
  readonly processor: Processor;

  constructor(model: InfiMM, processor: Processor) {
    this.model = model;
    this.processor = processor;
  }

  /**
   * From a checkpoint folder: config.json, weights, tokenizer.json, tokenizer_config.json (Node only).
   * @throws naming the file and what is wrong with it
   */
  static async fromPretrained(folder: string, options: LoadOptions = {}): Promise<Assistant> {
    const [{ loadPretrained }, { Processor }] = await Promise.all([
      import("./pretrained.ts"),
      import("./processor/processor.ts"),
    ]);
    return new Assistant(await loadPretrained(folder, options), await Processor.fromPretrained(folder));
  }

  /** The answer about pictures (paths, addresses, bytes, pixels …), piece by piece as it is made. */
  async *ask(
    question: string,
    pictures: readonly PictureSource[],
    options: GenerateOptions = {},
  ): AsyncGenerator<string> {
    yield* this.reply([{ role: "user", content: [...pictures.map((image) => ({ image })), question] }], options);
  }

  /** The next turn of a conversation, piece by piece. No piece ends inside a character. */
  async *reply(conversation: UnreadInput, options: GenerateOptions = {}): AsyncGenerator<string> {
    const prompts = this.processor.apply(await readPictures(conversation));
    const decoder = new StreamDecoder(this.processor.tokenizer, { skipSpecialTokens: true });
    for await (const [id] of generateSteps(this.model, prompts, options)) {
      const piece = decoder.push(id);
      if (piece) yield piece;
    }
    const rest = decoder.finish();
    if (rest) yield rest;
  }
}
