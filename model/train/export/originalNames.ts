/**
 * The other names under which the original's classes register a tensor: decoder layers and cross-attention blocks stand in
 * lists of their own too, and every block of the tower has the one rotary table. With them, `load_state_dict` with
 * `strict=True` needs no completion.
 *
 * @param names canonical ones
 * @returns other name -> canonical name
 */
export function originalAliases(names: readonly string[], towerBlocks: number): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const name of names) {
    const [, layer, kind, rest] = LAYER.exec(name) ?? [];
    if (kind) aliases.set(`model.lang_encoder.${LISTS[kind]}.${layer}.${rest}`, name);
    const [, table] = ROPE.exec(name) ?? [];
    if (!table) continue;
    for (let block = 0; block < towerBlocks; block++) {
      aliases.set(`model.vision_encoder.blocks.${block}.attn.rope.${table}`, name);
    }
  }
  return aliases;
}

const LAYER = /^model\.lang_encoder\.model\.layers\.(\d+)\.(decoder_layer|gated_cross_attn_layer)\.(.+)$/;
const ROPE = /^model\.vision_encoder\.rope\.(.+)$/;
const LISTS: Readonly<Record<string, string>> = {
  decoder_layer: "old_decoder_blocks",
  gated_cross_attn_layer: "gated_cross_attn_layers",
};
