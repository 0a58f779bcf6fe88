import type { Tokenizer } from "@huggingface/tokenizers";
import { escapeRegExp, MARK } from "./literal.ts";
import { textEngine } from "./textEngine.ts";
import type { TokenizerConfig, TokenizerJson } from "./tokenizerFiles.ts";

/**
 * The tokenizer library's tokenizer, put right where it is not as Hugging Face's Rust code. It drops the marks of
 * `asLiteral`, after it looked for added tokens and before it cuts the text, so that a marked spelling is no token, and
 * everything round it is encoded as it would be anyway.
 */
export function libraryTokenizer(json: TokenizerJson, config: TokenizerConfig): Tokenizer {
  const dropMarks = { type: "Replace", pattern: { String: MARK }, content: "" };
  const { pre_tokenizer: own } = json;
  const first = own ? { type: "Sequence", pretokenizers: [dropMarks, own] } : dropMarks;
  const { Tokenizer } = textEngine();
  const tokenizer = new Tokenizer({ ...json, added_tokens: json.added_tokens ?? [], pre_tokenizer: first }, config);
  if (tokenizer.decoder) keepByteOrderMarks(tokenizer.decoder as Decoder);
  const { model, normalizer } = tokenizer;
  // what an added token is found by, after normalisation, is also what it is decoded to
  for (const { id, content, normalized, special } of json.added_tokens ?? []) {
    if (model && normalizer && (normalized ?? !special)) model.vocab[id] = normalizer.normalize(content);
  }
  return tokenizer;
}

interface Decoder {
  text_decoder?: TextDecoder;
  decoders?: (Decoder | null)[];
}

/** A TextDecoder that is told nothing takes U+FEFF at the start of a text away. */
function keepByteOrderMarks(decoder: Decoder): void {
  if (decoder.text_decoder) decoder.text_decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const inner of decoder.decoders ?? []) if (inner) keepByteOrderMarks(inner);
}

/** `text` with a mark in every spelling of a token that has to be a word of its own, and is none there. */
export function markPartsOfWords(text: string, wordTokens: readonly string[]): string {
  return wordTokens.reduce((marked, token) => {
    const escaped = escapeRegExp(token);
    const inside = new RegExp(`(?<=${WORD})${escaped}|${escaped}(?=${WORD})`, "gu");
    return marked.replace(inside, (found) => found[0] + MARK + found.slice(1));
  }, text);
}

/** What Rust's `\w` matches. */
const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]";
