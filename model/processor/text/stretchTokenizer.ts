import { InfimmError } from "../../../core/errors.ts";
import type { InfiMMConfig } from "../../config/config.ts";

/** What is used of a tokenizer.json. */
interface TokenizerJson {
  added_tokens: { id: number; content: string }[];
  model: { vocab: Record<string, number> };
}

/**
 * A tokenizer for a larger vocabulary: the same pieces under the same ids, the two media tokens where the config has
 * them, and `⟨id⟩` for every id in between, which no text encodes to. For models with weights that mean nothing.
 */
export function stretchTokenizer(json: object, config: InfiMMConfig): object {
  const { added_tokens, model } = structuredClone(json) as TokenizerJson;
  const { eoc_token_id, image_token_id } = config;
  const { vocab_size } = config.language;
  const media: Record<string, number> = { "<|endofchunk|>": eoc_token_id, "<image>": image_token_id };
  const known = Object.values(model.vocab);
  if (known.some((id) => id >= Math.min(eoc_token_id, image_token_id))) {
    throw new InfimmError(
      `a vocabulary of ${vocab_size} with media tokens at ${eoc_token_id} and ${image_token_id} is too small for a tokenizer of ${known.length} pieces`,
    );
  }
  const taken = new Set([...known, ...Object.values(media)]);
  for (let id = 0; id < vocab_size; id++) if (!taken.has(id)) model.vocab[`▁⟨${id}⟩`] = id;
  const added = added_tokens.map((token) => ({ ...token, id: media[token.content] ?? token.id }));
  return { ...json, added_tokens: added, model };
}
