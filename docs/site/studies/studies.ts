import { compose } from "./compose.ts";
import { enter } from "./enter.ts";
import { gates } from "./gates.ts";
import { hide } from "./hide.ts";
import { latents } from "./latents.ts";
import { lens } from "./lens.ts";
import { line } from "./lines.ts";
import { mask } from "./mask.ts";
import { stages } from "./stages.ts";
import type { Study } from "./study.ts";
import { training } from "./training.ts";
import { where } from "./where.ts";

/** The studies by the names of the figures that show them. */
// biome-ignore lint/suspicious/noExplicitAny: each has data and parameters of its own, which its figure knows
export const studies: Readonly<Record<string, Study<any, any>>> = {
  compose,
  enter,
  gates,
  hide,
  latents,
  lens,
  line,
  mask,
  stages,
  training,
  where,
};
