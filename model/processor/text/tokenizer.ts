import type { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { InfimmError } from "../../../core/errors.ts";
import { checked } from "../../../core/knownNames.ts";
import { type PaddedBatch, padLeft, truncateLeft } from "./fitLength.ts";
import { libraryTokenizer, markPartsOfWords } from "./libraryTokenizer.ts";
import { type ChatTemplates, templatesOf } from "./templateFiles.ts";
import { type Spelling, spellingOf } from "./spelling.ts";
import {
  checkTokenizerFiles,
  contentOf,
  namedTokens,
  type TokenizerConfig,
  type TokenizerJson,
  withTokenizerFile,
} from "./tokenizerFiles.ts";

/** Options of Tokenizer.encode; lengths count tokens. */
export interface EncodeOptions {
  /** Put BOS in front, and what else the tokenizer puts round texts. Default true. */
  addSpecialTokens?: boolean;
  /** Longer texts lose tokens on the left; BOS stays. Default: no limit. */
  maxLength?: number;
}

/** Options of Tokenizer.decode. */
export interface DecodeIdsOptions {
  /** Leave out BOS, EOS, `<image>` and the like. Default false. */
  skipSpecialTokens?: boolean;
}

/** Text to ids and back, from the contents of `tokenizer.json` and `tokenizer_config.json`. */
export class Tokenizer {
  /** "" if there is none. */
  readonly bosToken: string;
  readonly eosToken: string;
  readonly padId: number;
  /** All tokens that the config names: `bos_token`, `unk_token` … */
  readonly namedTokens: Readonly<Record<string, unknown>>;
  /** Those of the config, by name; an only one is "default". */
  readonly chatTemplates: ChatTemplates;
  /** The strings that become one token of their own, such as `<image>`. */
  readonly specialTokens: readonly string[];
  /** The same, with what they are. */
  readonly addedTokens: readonly { readonly content: string; readonly special: boolean }[];
  readonly spelling: Spelling;
  readonly #tokenizer: HuggingFaceTokenizer;
  /** What a post-processor puts round every text: BOS in front, as a rule. */
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  /** Added tokens that are none inside a word. */
  readonly #wordTokens: readonly string[];
  readonly #specialIds: ReadonlySet<number>;

  constructor(json: TokenizerJson, config: TokenizerConfig) {
    checkTokenizerFiles(json, config);
    this.#tokenizer = withTokenizerFile(() => libraryTokenizer(json, config));
    const round: number[] = withTokenizerFile(() => this.#tokenizer.encode("a").ids);
    const within: number[] = withTokenizerFile(() => this.#tokenizer.encode("a", { add_special_tokens: false }).ids);
    const start = round.findIndex((_, i) => within.every((id, j) => round[i + j] === id));
    this.#prefix = round.slice(0, start);
    this.#suffix = round.slice(start + within.length);
    const added = json.added_tokens ?? [];
    this.#wordTokens = added.filter((token) => token.single_word).map((token) => token.content);
    this.specialTokens = added.map((token) => token.content);
    this.addedTokens = added.map(({ content, special = false }) => ({ content, special }));
    this.#specialIds = new Set(added.filter((token) => token.special).map((token) => token.id));
    this.spelling = spellingOf(json);
    this.bosToken = config.bos_token ? contentOf(config, "bos_token") : "";
    this.eosToken = contentOf(config, "eos_token");
    this.padId = this.tokenToId(contentOf(config, "pad_token", "eos_token"));
    this.namedTokens = namedTokens(config);
    this.chatTemplates = templatesOf(config.chat_template, "tokenizer_config.json");
  }

  /** The ids of `text`. Text marked by `asLiteral` never becomes a special token. */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const { addSpecialTokens = true, maxLength } = checked("encode", options, ["addSpecialTokens", "maxLength"]);
    const marked = markPartsOfWords(text, this.#wordTokens);
    const body = withTokenizerFile(() => this.#tokenizer.encode(marked, { add_special_tokens: false }).ids);
    const prefix = addSpecialTokens ? this.#prefix : [];
    const ids = [...prefix, ...body, ...(addSpecialTokens ? this.#suffix : [])];
    return maxLength === undefined ? ids : truncateLeft(ids, maxLength, prefix.length);
  }

  /** The ids of `text` with the pieces that they are, and what stands round every text. For `encodeWithStarts`. */
  pieces(text: string): { prefix: readonly number[]; ids: number[]; tokens: string[]; suffix: readonly number[] } {
    const marked = markPartsOfWords(text, this.#wordTokens);
    const { ids, tokens } = withTokenizerFile(() => this.#tokenizer.encode(marked, { add_special_tokens: false }));
    return { prefix: this.#prefix, ids, tokens, suffix: this.#suffix };
  }

  /** Several texts, padded on the left to the longest. */
  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): PaddedBatch {
    const rows = texts.map((text) => this.encode(text, options));
    return padLeft(rows, this.padId);
  }

  /**
   * The text of `ids`, without the one space that SentencePiece puts before it. Of bytes that are not UTF-8, those that
   * are no character become U+FFFD; Hugging Face's Rust code shows every byte of such a run so, the whole characters
   * in it, too, which a stream cannot know in advance.
   */
  decode(ids: ArrayLike<number>, options: DecodeIdsOptions = {}): string {
    const { skipSpecialTokens = false } = checked("decode", options, ["skipSpecialTokens"]);
    const shown = Array.from(ids).filter((id) => !(skipSpecialTokens && this.isSpecial(id)));
    if (shown.length === 0) return "";
    return withTokenizerFile(() => this.#tokenizer.decode(shown, { clean_up_tokenization_spaces: false }));
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** The id of one token, spelled as in the vocabulary ("▁the", "<image>"). Throws if there is none. */
  tokenToId(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined) throw new InfimmError(`tokenizer: the vocabulary has no token ${JSON.stringify(token)}`);
    return id;
  }
}
