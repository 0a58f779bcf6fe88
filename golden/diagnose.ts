import type { Check } from "./check.ts";

/** The first check that failed, and what such failures usually come from. */
export interface Diagnosis {
  readonly first: Check;
  readonly causes: readonly string[];
  readonly text: string;
}

/** What is worth looking at when a path is the first to diverge. The first pattern that fits is the most special. */
const CAUSES: readonly (readonly [path: RegExp, causes: readonly string[]])[] = [
  [/vision_encoder.*(norm|_ln)\d?$/, ["eps: the tower has 1e-6, not 1e-5", "weight and bias swapped"]],
  [/vision_encoder\.patch_embed/, ["kernel flattened in another order than [c, kh, kw]", "grid read column by column"]],
  [
    /vision_encoder.*attn:attn$/,
    [
      "rotary positions: CLS must not turn; neighbours are pairs; 16 positions however fine the grid",
      "q scaled by head_dim^-0.5",
      "k has no bias",
    ],
  ],
  [
    /vision_encoder.*\.attn\b/,
    [
      "sub-LN (inner_attn_ln) missing or misplaced",
      "heads merged in another order",
      "q, k, v blocks of the fused matrix swapped",
    ],
  ],
  [/vision_encoder.*mlp/, ["erf GELU, not tanh", "ffn_ln missing", "w1 gates w2, not the other way round"]],
  [/vision_encoder\.blocks\.\d+$/, ["norms before the branches (L, g) or after them (E)"]],
  [/perceiver.*:attn$/, ["keys: pictures first, then latents", "k is the first half of to_kv, v the second"]],
  [/perceiver\.norm$|perceiver$/, ["the final norm", "each layer adds to the latents twice"]],
  [/perceiver/, ["LayerNorm eps is 1e-5 here", "erf GELU", "no biases"]],
  [
    /gated_cross_attn_layer\.attn:attn$/,
    [
      "which picture a token sees: inclusive count, from 1",
      "rows before the first picture are zero",
      "masked scores are finite",
    ],
  ],
  [/gated_cross_attn_layer\.attn/, ["k is the first half of to_kv, v the second", "pictures are not normalised here"]],
  [
    /gated_cross_attn_layer$/,
    ["tanh of the gates", "hasMedia: the identity for samples without pictures", "both branches are gated"],
  ],
  [
    /self_attn:attn$/,
    [
      "causal mask off by one, or padding not masked",
      "rotary pairs are halves here",
      "positions",
      "scores divided by sqrt(head_dim)",
    ],
  ],
  [/self_attn/, ["query head h uses key head floor(h / group)"]],
  [/layernorm$|\.norm$/, ["RMSNorm eps", "no mean is taken off"]],
  [/^logits|lm_head/, ["the final norm comes before lm_head"]],
  [/^loss/, ["logits of token i predict token i + 1", "padding and <image> do not count"]],
];

/** What is worth looking at where the path does not tell, because everything before has passed. */
const CAUSES_OF_KIND: Partial<Record<Check["kind"], readonly string[]>> = {
  gradient: ["the vjp of an op on the way", "only the tower is frozen", "labels: -100 at padding and at <image>"],
  ids: ["positions in decoding count from the mask", "cached tokens see the prompt's last picture", "what ends a row"],
  unchecked: ["a newer or misspelt kind or output; golden/README.md lists what is compared"],
};

/** Look at checks in their order, which is that of computation. Undefined if all passed. */
export function diagnose(checks: readonly Check[]): Diagnosis | undefined {
  const failed = checks.filter((check) => !check.passed);
  const first = failed[0];
  if (!first) return undefined;
  const kind = first.kind === "gradient norm" ? "gradient" : first.kind;
  const causes = CAUSES_OF_KIND[kind] ?? CAUSES.find(([pattern]) => pattern.test(first.path))?.[1] ?? [];
  const unit = checks.find((c) => c.how === "unit" && c.path === first.path && c.set === first.set && c.case === first.case); // biome-ignore format: one line
  const lines = [
    `${failed.length} of ${checks.length} checks failed; the first: ${first.set}, ${first.case}, ${first.kind} ${first.path} (${first.how})`,
    first.note ?? `  relative error ${first.error.toExponential(2)}, ${first.ratio.toFixed(1)} times PyTorch's own`,
    ...(first.worst
      ? [`  worst at [${first.worst.index.join(", ")}]: expected ${first.worst.expected}, got ${first.worst.got}`]
      : []),
    ...(unit && !unit.passed ? ["  it also fails when fed with the golden input: the fault is inside"] : []),
    ...(unit?.passed
      ? ["  fed with the golden input it passes: look at what comes before, or at other arguments"]
      : []),
    ...causes.map((cause) => `  likely: ${cause}`),
  ];
  return { first, causes, text: lines.join("\n") };
}
