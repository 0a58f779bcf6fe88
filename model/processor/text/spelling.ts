import type { TokenizerJson } from "./tokenizerFiles.ts";

/** How a tokenizer's pieces spell text. */
export interface Spelling {
  /** Pieces are bytes in GPT-2's alphabet; else text with "▁" for a space, and `<0x0A>` for a byte. */
  readonly byteLevel: boolean;
  /** What the text is normalised to before it is cut. */
  readonly form?: "NFC" | "NFD" | "NFKC" | "NFKD";
  /** Strings that become one token. */
  readonly added: ReadonlySet<string>;
  readonly unknown?: string;
}

export function spellingOf(json: TokenizerJson): Spelling {
  const types = (part: unknown): string => JSON.stringify(part ?? null);
  const form = types(json.normalizer).match(/"type":"(NFK?[CD])"/)?.[1] as Spelling["form"];
  const added = new Set((json.added_tokens ?? []).map(({ content }) => content));
  return {
    byteLevel: /"ByteLevel"/.test(types(json.pre_tokenizer)),
    form,
    added,
    unknown: json.model?.unk_token ?? undefined,
  };
}
