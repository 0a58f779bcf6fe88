/**
 * The names and shapes of the Zephyr checkpoint, made from its rules: the canonical path of each tensor, and
 * the other names under which the original registers it. For tests; the model's own modules are checked against it.
 */
export interface Listed {
  readonly key: string;
  readonly shape: number[];
  /** The canonical name, where `key` is an alias of it. */
  readonly alias?: string;
}

const W = 1024;
const HIDDEN = 2730;
const D = 4096;
const MLP = 14336;
const VOCAB = 32002;

type Entry = [name: string, ...shape: number[]];
const affine = (name: string, width: number): Entry[] => [
  [`${name}.weight`, width],
  [`${name}.bias`, width],
];
const linear = (name: string, out: number, input: number): Entry[] => [
  [`${name}.weight`, out, input],
  [`${name}.bias`, out],
];
const range = <T>(n: number, make: (i: number) => T[]): T[] => Array.from({ length: n }, (_, i) => make(i)).flat();
const under = (prefix: string, entries: Entry[]): Listed[] =>
  entries.map(([name, ...shape]) => ({ key: `${prefix}.${name}`, shape }));

const ROPE: Entry[] = [
  ["rope.freqs_cos", 576, 64],
  ["rope.freqs_sin", 576, 64],
];

const VISION_BLOCK: Entry[] = [
  ...affine("norm1", W),
  ...affine("norm2", W),
  ["attn.q_bias", W],
  ["attn.v_bias", W],
  ...["q", "k", "v"].map((which): Entry => [`attn.${which}_proj.weight`, W, W]),
  ...affine("attn.inner_attn_ln", W),
  ...linear("attn.proj", W, W),
  ...linear("mlp.w1", HIDDEN, W),
  ...linear("mlp.w2", HIDDEN, W),
  ...affine("mlp.ffn_ln", HIDDEN),
  ...linear("mlp.w3", W, HIDDEN),
];

const VISION: Entry[] = [
  ["cls_token", 1, 1, W],
  ["pos_embed", 1, 577, W],
  ["patch_embed.proj.weight", W, 3, 14, 14],
  ["patch_embed.proj.bias", W],
  ...ROPE,
  ...range(24, (i) => VISION_BLOCK.map(([name, ...shape]): Entry => [`blocks.${i}.${name}`, ...shape])),
  ...affine("norm", W),
  ...linear("head", 768, W),
];

const PERCEIVER: Entry[] = [
  ["latents", 64, W],
  ...range(6, (l): Entry[] => [
    ...affine(`layers.${l}.0.norm_media`, W),
    ...affine(`layers.${l}.0.norm_latents`, W),
    [`layers.${l}.0.to_q.weight`, 512, W],
    [`layers.${l}.0.to_kv.weight`, 1024, W],
    [`layers.${l}.0.to_out.weight`, W, 512],
    ...affine(`layers.${l}.1.0`, W),
    [`layers.${l}.1.1.weight`, 4 * W, W],
    [`layers.${l}.1.3.weight`, W, 4 * W],
  ]),
  ...affine("norm", W),
];

const DECODER: Entry[] = [
  ["self_attn.q_proj.weight", D, D],
  ["self_attn.k_proj.weight", 1024, D],
  ["self_attn.v_proj.weight", 1024, D],
  ["self_attn.o_proj.weight", D, D],
  ["mlp.gate_proj.weight", MLP, D],
  ["mlp.up_proj.weight", MLP, D],
  ["mlp.down_proj.weight", D, MLP],
  ["input_layernorm.weight", D],
  ["post_attention_layernorm.weight", D],
];

const CROSS: Entry[] = [
  ["attn_gate", 1],
  ["ff_gate", 1],
  ...affine("attn.norm", D),
  ["attn.to_q.weight", 512, D],
  ["attn.to_kv.weight", 1024, W],
  ["attn.to_out.weight", D, 512],
  ...affine("ff.0", D),
  ["ff.1.weight", 4 * D, D],
  ["ff.3.weight", D, 4 * D],
];

/** All keys of the checkpoint, aliases last. */
export function zephyrStateDict(): Listed[] {
  const vision = "model.vision_encoder";
  const lang = "model.lang_encoder";
  const twice = (other: string, path: string, entries: Entry[]): Listed[] =>
    under(`${lang}.${other}`, entries).map((listed, n) => ({ ...listed, alias: `${lang}.${path}.${entries[n][0]}` }));
  const decoders = range(32, (i) => twice(`old_decoder_blocks.${i}`, `model.layers.${i}.decoder_layer`, DECODER));
  const crosses = range(32, (i) =>
    i % 2 === 1 ? twice(`gated_cross_attn_layers.${i}`, `model.layers.${i}.gated_cross_attn_layer`, CROSS) : [],
  );
  const ropes = range(24, (i) =>
    under(`${vision}.blocks.${i}.attn`, ROPE).map((listed, n) => ({ ...listed, alias: `${vision}.${ROPE[n][0]}` })),
  );
  return [
    ...under(vision, VISION),
    ...under("model.perceiver", PERCEIVER),
    ...under(lang, [
      ["model.embed_tokens.weight", VOCAB, D],
      ["model.norm.weight", D],
      ["lm_head.weight", VOCAB, D],
    ]),
    ...[...decoders, ...crosses].map(({ alias, shape }) => ({ key: alias!, shape })),
    ...ropes,
    ...decoders,
    ...crosses,
  ];
}
