import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { InfimmError } from "../../../core/errors.ts";
import { type PaddedBatch, padLeft, truncateLeft } from "./fitLength.ts";
import { hasMarks, splitAtTokens, withoutMarks } from "./literal.ts";
import { type ChatTemplates, templatesOf } from "./templateFiles.ts";
import {
  checkTokenizerFiles,
  contentOf,
  namedTokens,
  type TokenizerConfig,
  type TokenizerJson,
  withTokenizerFile,
} from "./tokenizerFiles.ts";

export interface EncodeOptions {
  /** Put BOS in front. Default true. */
  addSpecialTokens?: boolean;
  /** Longer texts lose tokens on the left; BOS stays. Default: no limit. */
  maxLength?: number;
}

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
  readonly #tokenizer: HuggingFaceTokenizer;
  /** The same vocabulary without special tokens, for text that only spells them. Made when first needed. */
  readonly #plain: () => HuggingFaceTokenizer;
  /** What a post-processor puts in front of every text: BOS. */
  readonly #prefix: readonly number[];
  readonly #specialIds: ReadonlySet<number>;

  constructor(json: TokenizerJson, config: TokenizerConfig) {
    checkTokenizerFiles(json, config);
    this.#tokenizer = withTokenizerFile(() => new HuggingFaceTokenizer(json, config));
    let plain: HuggingFaceTokenizer | undefined;
    this.#plain = () => (plain ??= new HuggingFaceTokenizer({ ...json, added_tokens: [] }, config));
    this.#prefix = withTokenizerFile(() => this.#tokenizer.encode("").ids);
    const added = json.added_tokens ?? [];
    this.specialTokens = added.map((token) => token.content);
    this.addedTokens = added.map(({ content, special = false }) => ({ content, special }));
    this.#specialIds = new Set(added.filter((token) => token.special).map((token) => token.id));
    this.bosToken = config.bos_token ? contentOf(config, "bos_token") : "";
    this.eosToken = contentOf(config, "eos_token");
    this.padId = this.tokenToId(contentOf(config, "pad_token", "eos_token"));
    this.namedTokens = namedTokens(config);
    this.chatTemplates = templatesOf(config.chat_template, "tokenizer_config.json");
  }

  /** The ids of `text`. Text marked by `asLiteral` never becomes a special token. */
  encode(text: string, { addSpecialTokens = true, maxLength }: EncodeOptions = {}): number[] {
    const prefix = addSpecialTokens ? this.#prefix : [];
    const ids = [...prefix, ...withTokenizerFile(() => this.#encodeBody(text))];
    return maxLength === undefined ? ids : truncateLeft(ids, maxLength, prefix.length);
  }

  #encodeBody(text: string): number[] {
    const options = { add_special_tokens: false };
    if (!hasMarks(text)) return this.#tokenizer.encode(text, options).ids;
    return splitAtTokens(text, this.specialTokens).flatMap((piece) =>
      this.specialTokens.includes(piece)
        ? [this.tokenToId(piece)]
        : this.#plain().encode(withoutMarks(piece), options).ids,
    );
  }

  /** Several texts, padded on the left to the longest. */
  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): PaddedBatch {
    const rows = texts.map((text) => this.encode(text, options));
    return padLeft(rows, this.padId);
  }

  /**
   * The text of `ids`, with Zephyr's one leading space dropped. In bytes that are not UTF-8 throughout, the whole
   * characters are kept, as streaming needs it; Hugging Face's Rust code shows every byte of such a run as U+FFFD.
   */
  decode(ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeIdsOptions = {}): string {
    if (ids.length === 0) return "";
    const options = { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false };
    return withTokenizerFile(() => this.#tokenizer.decode(Array.from(ids), options));
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
