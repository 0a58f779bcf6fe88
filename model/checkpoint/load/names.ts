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
  [/^model\.(model\.(?:vision_encoder|perceiver|lang_encoder)\.)/, "$1"], // saved from a Lightning module, whose field is `model`
  [/^(model\.vision_encoder)\.blocks\.\d+\.attn\.rope\./, "$1.rope."],
  [/^(model\.lang_encoder)\.old_decoder_blocks\.(\d+)\./, "$1.model.layers.$2.decoder_layer."],
  [/^(model\.lang_encoder)\.gated_cross_attn_layers\.(\d+)\./, "$1.model.layers.$2.gated_cross_attn_layer."],
];

/**
 * Modules that only wrap another, and so stand in its path: of DataParallel, DDP and DeepSpeed; of torch.compile, FSDP,
 * activation checkpointing and Lightning. The original converter drops `module.` wherever it occurs, too.
 */
const WRAPPERS = new Set([
  "module",
  "_orig_mod",
  "_fsdp_wrapped_module",
  "_checkpoint_wrapped_module",
  "_forward_module",
]);

/** What PEFT puts before a whole model's names and behind those of the layers that it adapts. */
const PEFT = /^base_model\.model\.|\bbase_layer\./g;

/**
 * The path in our model of the tensor that a checkpoint stores under `key`, or null for a key to be ignored.
 * A key that no rule knows comes back as it is, without wrappers.
 */
export function canonicalName(key: string): string | null {
  const bare = withoutWrappers(key).replace(PEFT, "");
  if (IGNORED.some((pattern) => pattern.test(bare))) return null;
  return ALIASES.reduce((name, [alias, path]) => name.replace(alias, path), bare);
}

/** The last part of a name is a tensor's own. */
function withoutWrappers(key: string): string {
  const parts = key.split(".");
  return parts.filter((part, i) => i === parts.length - 1 || !WRAPPERS.has(part)).join(".");
}

/**
 * Canonical name -> every stored name of that tensor, in file order. Where there are several, the loader must
 * check that they hold equal values.
 *
 * @param nameOf the path in our model, null for a key to be ignored
 */
export function groupNames(
  keys: Iterable<string>,
  nameOf: (key: string) => string | null = canonicalName,
): { groups: Map<string, string[]>; ignored: string[] } {
  const groups = new Map<string, string[]>();
  const ignored: string[] = [];
  for (const key of keys) {
    const name = nameOf(key);
    const group = name === null ? ignored : groups.get(name);
    if (group) group.push(key);
    else groups.set(name!, [key]);
  }
  return { groups, ignored };
}
