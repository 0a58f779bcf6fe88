import { FileFormatError, InfimmError } from "../../core/errors.ts";
import { requireKnown } from "../../core/knownNames.ts";
import { APPLY_NAMES, type ApplyOptions } from "./applyOptions.ts";
import { CHAT_STYLES, type ChatStyle, type ChatStyleName, styleOf } from "./text/chatStyles.ts";
import { padLeft, truncateLeft } from "./text/fitLength.ts";
import { withoutMarks } from "./text/literal.ts";
import type { Image } from "./pictures/image.ts";
import { type PixelValues, type PreprocessOptions, stackPictures } from "./pictures/preprocess.ts";
import type { HubOptions } from "../checkpoint/hub/settings.ts";
import { controlTokens, type Message, type Prompt, renderPrompt } from "./text/prompt.ts";
import { StreamDecoder } from "./text/streamDecoder.ts";
import { type ChatTemplates, chooseTemplate } from "./text/templateFiles.ts";
import { loadTextEngine } from "./text/textEngine.ts";
import { Tokenizer } from "./text/tokenizer.ts";
import type { TokenizerConfig } from "./text/tokenizerFiles.ts";

/** The parsed contents of a checkpoint's files. */
export interface ProcessorFiles {
  tokenizer: object;
  tokenizerConfig: TokenizerConfig;
  /** Those that stand in files of their own, which go before the tokenizer config's. */
  chatTemplates?: ChatTemplates;
  /** `config.json`; `visual.image_size` and the names that tell the family are used. */
  config: Record<string, unknown>;
}

/** Options of Processor.fromPretrained. */
export interface ProcessorOptions {
  /** How conversations are written. Default: told from the config. */
  style?: ChatStyleName;
}

/** A conversation, or finished text with its pictures. */
export type ProcessorInput<Picture = Image> = readonly Message<Picture>[] | Prompt<Picture>;

/** Prompts as the model takes them; `t` is the longest prompt's length in tokens. */
export interface ProcessorOutput extends PixelValues {
  /** The rendered prompts, before truncation. */
  text: string[];
  /** [b, t], padded on the left. */
  inputIds: Int32Array[];
  /** [b, t], 1 where a token is real. */
  attentionMask: Int32Array[];
}

/** Conversations with pictures -> what the model takes. */
export class Processor {
  readonly tokenizer: Tokenizer;
  readonly style: ChatStyle;
  /** The checkpoint's chat templates by name; none: its style's is taken. */
  readonly chatTemplates: ChatTemplates;
  readonly imageTokenId: number;
  /** How pictures are prepared. */
  readonly preprocessing: PreprocessOptions;

  /** `Processor.from` does the same without having to be told that tokenizers are loaded. */
  constructor(files: ProcessorFiles, options: ProcessorOptions = {}) {
    requireKnown("Processor", files, ["tokenizer", "tokenizerConfig", "config", "chatTemplates"]);
    requireKnown("Processor", options, ["style"]);
    const visual = files.config.visual as { image_size?: number } | undefined;
    if (!visual?.image_size) throw new FileFormatError("config.json: expected a number in visual.image_size");
    const styleName = options.style ?? styleOf(files.config);
    this.tokenizer = new Tokenizer(files.tokenizer, files.tokenizerConfig);
    this.style = CHAT_STYLES[styleName];
    this.chatTemplates = files.chatTemplates ?? this.tokenizer.chatTemplates;
    this.imageTokenId = this.tokenizer.tokenToId("<image>");
    this.preprocessing = { size: visual.image_size, padToSquare: styleName === "hd" };
  }

  /** From the contents of a checkpoint's files. */
  static async from(files: ProcessorFiles, options: ProcessorOptions = {}): Promise<Processor> {
    await loadTextEngine();
    return new Processor(files, options);
  }

  /** Side of the square that the model sees, in pixels. */
  get imageSize(): number {
    return this.preprocessing.size;
  }

  /**
   * From a folder with `tokenizer.json`, `tokenizer_config.json` and `config.json` (Node), the address of one
   * (browsers), or a name on the Hugging Face hub.
   */
  static async fromPretrained(source: string, options: ProcessorOptions & HubOptions = {}): Promise<Processor> {
    const [{ HUB_NAMES, openFor }, { readProcessorFiles }] = await Promise.all([
      import("../checkpoint/openCheckpoint.ts"),
      import("../checkpoint/processorFiles.ts"),
    ]);
    const checkpoint = await openFor(source, options, [...HUB_NAMES, "style"]);
    return Processor.from(await readProcessorFiles(checkpoint), { style: options.style });
  }

  /** One prompt: a batch of 1. */
  apply(input: ProcessorInput, options: ApplyOptions = {}): ProcessorOutput {
    return this.applyBatch([input], options);
  }

  /** Several prompts. Rows with fewer pictures than others get zeros, which no token looks at. */
  applyBatch(inputs: readonly ProcessorInput[], options: ApplyOptions = {}): ProcessorOutput {
    checkApplyOptions(options); // there may be no input
    const prompts = inputs.map((input) => this.render(input, options));
    const rows = prompts.map((prompt) => this.#encode(prompt, options));
    return {
      text: prompts.map((prompt) => withoutMarks(prompt.text)),
      ...padLeft(
        rows.map((row) => row.ids),
        this.tokenizer.padId,
      ),
      ...stackPictures(
        rows.map((row) => row.images),
        this.preprocessing,
      ),
    };
  }

  /**
   * What each token adds to the text: together they are `tokenizer.decode(ids)`. The bytes of one character come with its
   * last token.
   */
  pieces(ids: ArrayLike<number>): string[] {
    const decoder = new StreamDecoder(this.tokenizer);
    const pieces = Array.from(ids, (id) => decoder.push(id));
    if (pieces.length > 0) pieces[pieces.length - 1] += decoder.finish();
    return pieces;
  }

  /** The text of a conversation and its pictures. Finished prompts are returned as they are. */
  render<Picture = Image>(input: ProcessorInput<Picture>, options: ApplyOptions = {}): Prompt<Picture> {
    checkApplyOptions(options);
    if ("text" in input) return input;
    const { bosToken, eosToken, namedTokens: tokens, addedTokens } = this.tokenizer;
    const { style } = this;
    const template = chooseTemplate(this.chatTemplates, options.chatTemplate, options.tools !== undefined);
    const specialTokens = controlTokens(addedTokens, template ?? style.template, style.image);
    return renderPrompt(input, { style, template, bosToken, eosToken, tokens, specialTokens, ...options });
  }

  #encode(prompt: Prompt, { maxLength = 2048, emulateOriginalBugs = false }: ApplyOptions) {
    const { bosToken } = this.tokenizer;
    // a template that writes BOS itself gets no second; the original's tokenizer would add one
    const hasBos = !emulateOriginalBugs && bosToken !== "" && prompt.text.startsWith(bosToken);
    const all = this.tokenizer.encode(prompt.text, { addSpecialTokens: !hasBos });
    const ids = truncateLeft(all, maxLength);
    if (emulateOriginalBugs) return { ids, images: prompt.images };
    const expected = this.#countImages(all);
    if (expected !== prompt.images.length) {
      throw new InfimmError(
        `processor: the prompt has <image> tokens: ${expected}, pictures: ${prompt.images.length}; ` +
          "each picture needs one token, in the same order",
      );
    }
    return { ids, images: prompt.images.slice(expected - this.#countImages(ids)) };
  }

  #countImages(ids: readonly number[]): number {
    return ids.filter((id) => id === this.imageTokenId).length;
  }
}

function checkApplyOptions(options: ApplyOptions): void {
  requireKnown("processor", options, APPLY_NAMES, { max_length: "maxLength", kwargs: "templateVariables" });
  const { maxLength = 1 } = options;
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new InfimmError(`processor: maxLength must be a whole number, 1 or more, got ${JSON.stringify(maxLength)}`);
  }
}
