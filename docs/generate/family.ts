import { parameterCount } from "../../nn/parameterCount.ts";
import { report } from "../../nn/report.ts";
import { select } from "../../nn/surgery.ts";
import { GatedCrossAttentionBlock } from "../../model/crossAttention/gatedCrossAttentionBlock.ts";
import { crossAttentionLayers } from "../../model/config/config.ts";
import { InfiMM } from "../../model/infimm.ts";
import { configOf } from "../../model/config/variants.ts";
import { visualSizes } from "../../model/config/visualConfig.ts";
import { table } from "./markdown.ts";

/** The architectures of the family; each but the last two is shared by a base model and its -Chat. */
const ARCHITECTURES = [
  "infimm-zephyr",
  "infimm-llama-13b",
  "infimm-vicuna-13b",
  "infimm-hd-stage1-13b",
  "infimm-hd-stage1-7b",
] as const;

const count = (n: number) => n.toLocaleString("en");

/** Who the members are, and how many parameters each part has. */
export function family(): string {
  const rows = ARCHITECTURES.map((name) => {
    const config = configOf(name);
    const model = new InfiMM(config);
    const { vision_encoder, perceiver, lang_encoder } = model.model;
    const gated = select(model).instances(GatedCrossAttentionBlock).modules();
    const crossAttention = gated.reduce((sum, block) => sum + parameterCount(block), 0);
    const unused = parameterCount(vision_encoder.moduleAt("norm")) + parameterCount(vision_encoder.moduleAt("head"));
    return [
      `\`${name}\``,
      count(parameterCount(vision_encoder)),
      perceiver ? count(parameterCount(perceiver)) : "none",
      `${count(crossAttention)} (${gated.length} blocks)`,
      count(parameterCount(lang_encoder) - crossAttention),
      `**${count(parameterCount(model))}**`,
      count(unused),
    ];
  });
  return table(["model", "image tower", "resampler", "cross-attention", "language model", "all", "unused"], rows);
}

/** The image towers side by side. */
export function towers(): string {
  const names = ["infimm-zephyr", "infimm-llama-13b", "infimm-vicuna-13b"] as const;
  const configs = names.map((name) => configOf(name).visual);
  const line = (title: string, cell: (config: (typeof configs)[number]) => string | number) => [title, ...configs.map((c) => String(cell(c)))]; // biome-ignore format: one line
  return table(
    ["", "L (Zephyr)", "g (LLaMA-2)", "E (Vicuna)"],
    [
      line("picture", (c) => `${c.image_size} x ${c.image_size}`),
      line("grid and tokens", (c) => `${visualSizes(c).grid} x ${visualSizes(c).grid} + 1 = ${visualSizes(c).tokens}`),
      line("layers", (c) => c.layers),
      line("width", (c) => c.width),
      line("heads", (c) => `${visualSizes(c).heads} of ${c.head_width}`),
      line("MLP", (c) => `${c.naiveswiglu ? "SwiGLU" : "GELU"}, ${visualSizes(c).hidden}`),
      line("norms", (c) => (c.postnorm ? "after the branches" : c.subln ? "before, and inside (sub-LN)" : "before")),
      line("positions", (c) => (c.rope ? "learned, and rotary" : "learned")),
    ],
  );
}

/** Operations of one picture and 32 tokens, by part. */
export function costs(): string {
  const rows = ARCHITECTURES.map((name) => {
    const { rows, total } = report(new InfiMM(configOf(name)));
    const gflops = (path: string) => `${((rows.find((row) => row.path === path)?.flops ?? 0) / 1e9).toFixed(0)}`;
    const paths = ["model.vision_encoder", "model.perceiver", "model.lang_encoder"];
    return [`\`${name}\``, ...paths.map(gflops), `**${(total.flops / 1e9).toFixed(0)}**`];
  });
  return table(["GFLOP", "image tower", "resampler", "language model with cross-attention", "all"], rows);
}

/** Before which decoder layers a cross-attention block stands. */
export function placement(): string {
  const rows = ARCHITECTURES.map((name) => {
    const config = configOf(name);
    return [`\`${name}\``, config.language.num_hidden_layers, crossAttentionLayers(config).join(", ")].map(String);
  });
  return table(["model", "layers", "a block stands before layers (counted from 0)"], rows);
}
