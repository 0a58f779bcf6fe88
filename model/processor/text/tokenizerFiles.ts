import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { templatesOf } from "./templateFiles.ts";

/** What is used of `tokenizer_config.json`. Special tokens are strings, or objects with a `content`. */
export interface TokenizerConfig {
  bos_token?: string | { content: string } | null;
  eos_token?: string | { content: string } | null;
  pad_token?: string | { content: string } | null;
  /** A template, or several with names. */
  chat_template?: string | readonly { name: string; template: string }[] | null;
  [key: string]: unknown;
}

/** What is used of `tokenizer.json` by ourselves; the tokenizer library uses all of it. */
export interface TokenizerJson {
  added_tokens?: { id: number; content: string; special?: boolean; normalized?: boolean; single_word?: boolean }[];
  normalizer?: object | null;
  pre_tokenizer?: object | null;
  model?: { unk_token?: string | null };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === "string";

/** Refuses files whose parts are not of the kinds that tokenizers are made of. */
export function checkTokenizerFiles(json: unknown, config: unknown): asserts json is TokenizerJson {
  const refuse = (file: string, why: string): never => {
    throw new FileFormatError(`${file} cannot be used: ${why}`);
  };
  const model = isObject(json) ? json["model"] : undefined;
  if (!isObject(json) || !isObject(model)) return refuse("tokenizer.json", "expected an object with a model");
  const { added_tokens: added = [] } = json;
  const isToken = (token: unknown): boolean => isObject(token) && isId(token["id"]) && isText(token["content"]);
  if (!Array.isArray(added) || !added.every(isToken))
    refuse("tokenizer.json", "added_tokens must be a list of objects with a whole number id and a text content");
  const { vocab } = model;
  const isPiece = (piece: unknown): boolean => Array.isArray(piece) && isText(piece[0]) && typeof piece[1] === "number";
  const isUnigram = Array.isArray(vocab) && vocab.length > 0 && vocab.every(isPiece);
  if (!isUnigram && (!isObject(vocab) || !Object.values(vocab).every(isId)))
    refuse(
      "tokenizer.json",
      "model.vocab must be an object from texts to whole numbers, or of Unigram a list of [text, score]",
    );
  if (!isObject(config)) return refuse("tokenizer_config.json", "expected an object");
  for (const key of ["bos_token", "eos_token", "pad_token"]) {
    const token = config[key] ?? "";
    if (!isText(isObject(token) ? token["content"] : token)) refuse("tokenizer_config.json", `${key} must be a text`);
  }
  templatesOf(config["chat_template"], "tokenizer_config.json");
}

/** All tokens that the file names (`bos_token`, `pad_token` …), as a chat template gets them. */
export function namedTokens(config: TokenizerConfig): Record<string, unknown> {
  const text = (token: unknown): unknown => (isObject(token) ? token["content"] : token);
  const named = Object.entries(config).filter(([key, token]) => key.endsWith("_token") && isText(text(token)));
  const more = config["additional_special_tokens"];
  return {
    ...Object.fromEntries(named.map(([key, token]) => [key, text(token)])),
    ...(Array.isArray(more) ? { additional_special_tokens: more.map(text).filter(isText) } : {}),
  };
}

export function contentOf(config: TokenizerConfig, ...keys: ("bos_token" | "eos_token" | "pad_token")[]): string {
  const token = keys.map((key) => config[key]).find((found) => found);
  if (!token) throw new FileFormatError(`tokenizer_config.json names no ${keys.join(" or ")}`);
  return typeof token === "string" ? token : token.content;
}

/** Runs the tokenizer library, which trusts its file: what it stumbles over is told as an error of the file. */
export function withTokenizerFile<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof InfimmError) throw cause;
    throw new FileFormatError(`tokenizer.json cannot be used: ${(cause as Error).message}`, { cause });
  }
}
