// @ts-expect-error the package has no types
import mistral from "mistral-tokenizer-js";
import type { TokenizerConfig } from "./tokenizerFiles.ts";

/**
 * The contents of InfiMM-Zephyr's tokenizer.json, put together from `mistral-tokenizer-js` (MIT): the same 32,000
 * pieces and 58,980 merges in the same order, and the two media tokens. For tests, which thus need no file of the
 * original repository.
 */
export function zephyrTokenizerJson() {
  const pieces: string[] = mistral.vocabById;
  const merges: string[] = [...mistral.merges.keys()];
  const special = { "<unk>": 0, "<s>": 1, "</s>": 2, "<|endofchunk|>": 32000, "<image>": 32001 };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const bos = { SpecialToken: { id: "<s>", type_id: 0 } };
  return {
    version: "1.0",
    added_tokens: Object.entries(special).map(([content, id]) => ({ id, content, ...flags })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [bos, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  };
}

export const zephyrTokenizerConfig: TokenizerConfig = {
  bos_token: "<s>",
  eos_token: "</s>",
  pad_token: "</s>",
  unk_token: "<unk>",
  clean_up_tokenization_spaces: false,
  model_max_length: 2048,
};
