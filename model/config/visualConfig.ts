import { type ConfigFields, MAX_SIZE } from "./configFields.ts";

/** The EVA-CLIP image tower. Names and defaults are those of the original's CLIPVisionCfg. */
export interface VisualConfig {
  /** Pixels per side. */
  readonly image_size: number;
  readonly patch_size: number;
  readonly layers: number;
  readonly width: number;
  readonly head_width: number;
  readonly mlp_ratio: number;
  /** Channels of the CLIP head, which InfiMM loads but never runs. */
  readonly embed_dim: number;
  /** Norms act on each branch's output (EVA E), instead of its input. */
  readonly postnorm: boolean;
  /** 2-D rotary positions (EVA L); the grid is mapped to [0, pt_hw_seq_len) if intp_freq. */
  readonly rope: boolean;
  readonly pt_hw_seq_len: number;
  readonly intp_freq: boolean;
  /** SwiGLU (EVA L) instead of GELU. */
  readonly naiveswiglu: boolean;
  /** Separate q, k, v, and norms inside attention and SwiGLU (EVA L), instead of one fused qkv. */
  readonly subln: boolean;
}

/** Without effect on the numbers of an inference: kernel choices, and noise of training. */
const WITHOUT_EFFECT = ["eva_model_name", "xattn", "fusedLN", "drop_path_rate", "patch_dropout"];
const FIXED = { qkv_bias: [true], global_average_pool: [false], ls_init_value: [null], timm_model_name: [null] };

export function parseVisual(fields: ConfigFields): VisualConfig {
  const visual: VisualConfig = {
    image_size: fields.count("image_size", 224),
    patch_size: fields.count("patch_size", 16),
    layers: fields.layers("layers", 12),
    width: fields.count("width", 768),
    head_width: fields.count("head_width", 64),
    mlp_ratio: fields.positive("mlp_ratio", 4),
    embed_dim: fields.count("embed_dim", 1024),
    postnorm: fields.flag("postnorm", false),
    rope: fields.flag("rope", false),
    pt_hw_seq_len: fields.count("pt_hw_seq_len", 16),
    intp_freq: fields.flag("intp_freq", false),
    naiveswiglu: fields.flag("naiveswiglu", false),
    subln: fields.flag("subln", false),
  };
  for (const [key, allowed] of Object.entries(FIXED)) fields.only(key, allowed);
  const known = [...Object.keys(visual), ...Object.keys(FIXED), ...WITHOUT_EFFECT];
  const unknown = Object.keys(fields.json).find((key) => !known.includes(key) && !key.startsWith("_"));
  if (unknown !== undefined)
    fields.refuse(unknown, `is not a field of the vision tower; known are ${known.join(", ")}`);

  const { image_size, patch_size, width, head_width, rope, naiveswiglu, subln } = visual;
  if (image_size % patch_size !== 0)
    fields.refuse("image_size", `${image_size} is not a multiple of patch_size ${patch_size}`);
  const hidden = Math.trunc(width * visual.mlp_ratio);
  if (hidden < 1 || hidden > MAX_SIZE)
    fields.refuse("mlp_ratio", `${visual.mlp_ratio} times width ${width} makes an MLP of ${hidden}`);
  if (width % head_width !== 0)
    fields.refuse("head_width", `${head_width} does not divide width ${width} into whole heads`);
  if (rope && head_width % 4 !== 0)
    fields.refuse("head_width", `${head_width} is not a multiple of 4, which 2-D rope needs`);
  if (naiveswiglu !== subln) fields.refuse("subln", "must equal naiveswiglu: EVA L has both, g and E neither");
  if (rope !== subln) fields.refuse("rope", "must equal subln: EVA L has both, g and E neither");
  return visual;
}

/** Sizes that follow from a tower's config. */
export interface VisualSizes {
  readonly heads: number;
  /** Patches per side. */
  readonly grid: number;
  /** Patches and CLS. */
  readonly tokens: number;
  /** Width inside the MLP. */
  readonly hidden: number;
  /** The grid turns as this many positions a side would, with rope. */
  readonly positions: number;
}

export function visualSizes(config: VisualConfig): VisualSizes {
  const { image_size, patch_size, width, head_width, mlp_ratio, intp_freq, pt_hw_seq_len } = config;
  const grid = image_size / patch_size;
  // Python's int(): 1024 * 2.6667 = 2730.7 makes 2730
  const hidden = Math.trunc(width * mlp_ratio);
  return {
    heads: width / head_width,
    grid,
    tokens: grid * grid + 1,
    hidden,
    positions: intp_freq ? pt_hw_seq_len : grid,
  };
}
