import { concat, InfiMM, type InfiMMConfig, keep, type Module, scope } from "../../index.ts";

/** One more word than the tokenizer had. */
export function make(config: InfiMMConfig): InfiMM {
  return new InfiMM({ ...config, language: { ...config.language, vocab_size: config.language.vocab_size + 1 } });
}

/** Its row is the mean of the others, as in transformers' resize_token_embeddings: it begins as likely as a word is. */
export function start(model: InfiMM, trained: Module): void {
  for (const [path, rows] of trained.stateDict()) {
    if (!/(embed_tokens|lm_head)\.weight$/.test(path)) continue;
    model.setTensor(
      path,
      scope(() => keep(concat([rows, rows.mean(0, true)], 0))),
    );
  }
}
