import { InfiMM, type InfiMMConfig } from "../../index.ts";

/**
 * A language model of another kind: Qwen 2's has biases in its projections, and one matrix for words in and words out.
 * A trained one is loaded by `loadLanguageModel(model, "Qwen/Qwen2-0.5B")`.
 */
export function make(config: InfiMMConfig): InfiMM {
  const kind = { model_type: "qwen2", qkv_bias: true, tie_word_embeddings: true } as const;
  return new InfiMM({ ...config, language: { ...config.language, ...kind } });
}
