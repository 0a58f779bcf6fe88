/**
 * One tensor, many names. The original registers decoder and cross-attention modules twice, shares one rotary
 * table among all vision blocks, and was saved by trainers that add prefixes. The canonical name is the path of the
 * module that our model has; the other names are aliases known only here.
 */

const IGNORED = [
  /rotary_emb\.inv_freq$/, // written by old transformers for Llama; computed here
  // the text half of an EVA-CLIP source file
  /^(text|transformer|ln_final)\./,
  /^(logit_scale|positional_embedding|text_projection|token_embedding\.weight)$/,
];

const ALIASES: [RegExp, string][] = [
  [/^visual\./, "model.vision_encoder."], // an EVA-CLIP source file
  [/^(vision_encoder|perceiver|lang_encoder)\./, "model.$1."], // saved from the inner class, as InfiMM-HD's
  [/^(model\.vision_encoder)\.blocks\.\d+\.attn\.rope\./, "$1.rope."],
  [/^(model\.lang_encoder)\.old_decoder_blocks\.(\d+)\./, "$1.model.layers.$2.decoder_layer."],
  [/^(model\.lang_encoder)\.gated_cross_attn_layers\.(\d+)\./, "$1.model.layers.$2.gated_cross_attn_layer."],
];

/**
 * The path in our model of the tensor that a checkpoint stores under `key`, or null for a key to be ignored.
 * A key that no rule knows comes back as it is (without `module.`).
 */
export function canonicalName(key: string): string | null {
  const bare = key.replaceAll("module.", ""); // wherever it occurs, as the original converter does
  if (IGNORED.some((pattern) => pattern.test(bare))) return null;
  return ALIASES.reduce((name, [alias, path]) => name.replace(alias, path), bare);
}

/**
 * Canonical name -> every stored name of that tensor, in file order. Where there are several, the loader must
 * check that they hold equal values.
 */
export function groupNames(keys: Iterable<string>): { groups: Map<string, string[]>; ignored: string[] } {
  const groups = new Map<string, string[]>();
  const ignored: string[] = [];
  for (const key of keys) {
    const name = canonicalName(key);
    const group = name === null ? ignored : groups.get(name);
    if (group) group.push(key);
    else groups.set(name!, [key]);
  }
  return { groups, ignored };
}
