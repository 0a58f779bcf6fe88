import { checked } from "../../core/knownNames.ts";
import type { Generator } from "../../core/random.ts";
import { type Initializer, constant, initialize, normal, truncNormal } from "../../nn/init.ts";
import type { Backend } from "../../tensor/index.ts";
import { ropeTables } from "../evaClip/rope.ts";
import type { InfiMMConfig } from "../config/config.ts";
import type { InfiMM } from "../infimm.ts";
import { visualSizes } from "../config/visualConfig.ts";

/** The tower begins small, and its output projections of block i (from 1) smaller still, by 1/√(2i): EVA, fix_init_weight. */
const VISION_STD = 0.02;
const HEAD_SCALE = 0.001;

/**
 * Weights to begin training from scratch with, as the original's classes make them: truncated normals in the tower,
 * scaled by depth; latents N(0, 1); both gates 0, so that the model begins as its language model; normals of
 * `initializer_range` in the language model, whose padding row is 0.
 *
 * @param options `rules` for parts of your own, as `initialize` takes them; they go before these
 */
export function initializeInfiMM(
  model: InfiMM,
  generator: Generator,
  options: { backend?: Backend; rules?: Readonly<Record<string, Initializer>> } = {},
): void {
  const { backend, rules } = checked("initializeInfiMM", options, ["backend", "rules"]);
  initialize(model, generator, { rules: { ...initialRules(model.config), ...rules }, backend });
}

/**
 * The rules that differ from PyTorch's defaults, by path; later ones win.
 * @param vision, decoder where tower and language model stand
 */
export function initialRules(
  { visual, language }: InfiMMConfig,
  vision = "model.vision_encoder",
  decoder = "model.lang_encoder",
): Record<string, Initializer> {
  const truncated = truncNormal(0, VISION_STD);
  const rules: Record<string, Initializer> = {
    [`${vision}.**.weight`]: truncated,
    [`${vision}.**.bias`]: constant(0),
    [`${vision}.cls_token`]: truncated,
    [`${vision}.pos_embed`]: truncated,
    [`${vision}.**.q_bias`]: constant(0),
    [`${vision}.**.v_bias`]: constant(0),
    [`${vision}.**.*norm*.weight`]: constant(1),
    [`${vision}.norm.weight`]: constant(1),
    [`${vision}.**.*_ln.weight`]: constant(1),
    [`${vision}.head.*`]: scaled(truncated, HEAD_SCALE),
    "model.perceiver.latents": normal(),
    "**.*_gate": constant(0),
    [`${decoder}.**.decoder_layer.**.*_proj.weight`]: normal(0, language.initializer_range),
    [`${decoder}.**.decoder_layer.**.*_proj.bias`]: constant(0),
    [`${decoder}.lm_head.weight`]: normal(0, language.initializer_range),
    [`${decoder}.model.embed_tokens.weight`]: zeroRow(normal(0, language.initializer_range), language.pad_token_id),
  };
  for (let i = 0; i < visual.layers; i++) {
    const shrunk = scaled(truncated, 1 / Math.sqrt(2 * (i + 1)));
    for (const last of ["attn.proj", "mlp.w3", "mlp.fc2"]) rules[`${vision}.blocks.${i}.${last}.weight`] = shrunk;
  }
  if (visual.rope) {
    const { grid, positions } = visualSizes(visual);
    const { cos, sin } = ropeTables(grid, visual.head_width, positions);
    Object.assign(rules, { [`${vision}.rope.freqs_cos`]: () => cos, [`${vision}.rope.freqs_sin`]: () => sin });
  }
  return rules;
}

function scaled(rule: Initializer, factor: number): Initializer {
  return (shape, generator) => rule(shape, generator).map((x) => x * factor);
}

/** Row `row` of a matrix is 0. */
function zeroRow(rule: Initializer, row: number | null): Initializer {
  return (shape, generator) => {
    const values = rule(shape, generator);
    if (row !== null) values.fill(0, row * shape[1], (row + 1) * shape[1]);
    return values;
  };
}
