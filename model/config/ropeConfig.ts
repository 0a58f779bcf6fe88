import type { ConfigFields } from "./configFields.ts";

/** How rotary frequencies are stretched for texts longer than those of the pretraining; under transformers' names. */
export type RopeScaling =
  | { readonly rope_type: "linear" | "dynamic"; readonly factor: number }
  | {
      readonly rope_type: "llama3";
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    }
  | {
      readonly rope_type: "yarn";
      readonly factor: number;
      /** What cosines and sines are multiplied by, so that scores are by its square. */
      readonly attention_factor: number;
      readonly beta_fast: number;
      readonly beta_slow: number;
      /** Whether the range of channels between the two is widened to whole ones. */
      readonly truncate: boolean;
      readonly original_max_position_embeddings: number;
    };

/** All that transformers reads of any of these types; it passes over what another type needs. */
const KNOWN = [
  ...["rope_type", "type", "rope_theta", "factor", "original_max_position_embeddings", "low_freq_factor"],
  ...["high_freq_factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"],
  "partial_rotary_factor",
];

/**
 * Rotary positions, in both spellings of transformers: `rope_theta` beside `rope_scaling` (4), or within
 * `rope_parameters` (5). What stands inside wins, and `rope_scaling` wins over `rope_parameters`.
 *
 * @param positions `max_position_embeddings`
 * @returns `scaling` null: none
 */
export function parseRope(fields: ConfigFields, positions: number): { theta: number; scaling: RopeScaling | null } {
  const key = fields.given("rope_scaling") ? "rope_scaling" : "rope_parameters";
  const rope = fields.given(key) ? fields.object(key) : null;
  fields.only("partial_rotary_factor", [null, 1]);
  const theta = fields.given("rope_theta") ? fields.positive("rope_theta") : 10000;
  if (!rope) return { theta, scaling: null };
  for (const name of Object.keys(rope.json)) {
    if (!KNOWN.includes(name)) rope.refuse(name, `is not known here; known are ${KNOWN.join(", ")}`);
  }
  rope.only("partial_rotary_factor", [null, 1]);
  return {
    theta: rope.given("rope_theta") ? rope.positive("rope_theta") : theta,
    scaling: parseScaling(rope, fields, positions),
  };
}

function parseScaling(rope: ConfigFields, fields: ConfigFields, positions: number): RopeScaling | null {
  const rope_type = rope.text(rope.given("rope_type") ? "rope_type" : "type", "default");
  const original = () => {
    const [at] = [rope, fields].filter((one) => one.given("original_max_position_embeddings"));
    return at?.count("original_max_position_embeddings") ?? positions;
  };
  switch (rope_type) {
    case "default":
      return null;
    case "linear":
    case "dynamic":
      return { rope_type, factor: rope.positive("factor") };
    case "llama3":
      return parseLlama3(rope, original());
    case "yarn":
      return parseYarn(rope, original(), positions);
    default:
      return rope.refuse("rope_type", `is "${rope_type}"; implemented are default, linear, dynamic, llama3 and yarn`);
  }
}

function parseLlama3(rope: ConfigFields, original: number): RopeScaling {
  const [low_freq_factor, high_freq_factor] = [rope.positive("low_freq_factor"), rope.positive("high_freq_factor")];
  if (high_freq_factor <= low_freq_factor) rope.refuse("high_freq_factor", `${high_freq_factor} is not above low_freq_factor ${low_freq_factor}`); // biome-ignore format: one message
  return {
    rope_type: "llama3",
    factor: rope.positive("factor"),
    low_freq_factor,
    high_freq_factor,
    original_max_position_embeddings: original,
  };
}

function parseYarn(rope: ConfigFields, original: number, positions: number): RopeScaling {
  const optional = (key: string) => (rope.given(key) ? rope.positive(key) : null);
  const factor = optional("factor") ?? positions / original;
  const grown = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [mscale, mscaleAll] = [optional("mscale"), optional("mscale_all_dim")];
  const inferred = mscale && mscaleAll ? grown(mscale) / grown(mscaleAll) : grown(1);
  return {
    rope_type: "yarn",
    factor,
    attention_factor: optional("attention_factor") ?? inferred,
    beta_fast: optional("beta_fast") ?? 32,
    beta_slow: optional("beta_slow") ?? 1,
    truncate: rope.flag("truncate", true),
    original_max_position_embeddings: original,
  };
}
