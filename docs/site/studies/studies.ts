import { stages } from "./stages.ts";
import type { Study } from "./study.ts";

/** The studies by the names of the figures that show them. */
// biome-ignore lint/suspicious/noExplicitAny: each has data and parameters of its own, which its figure knows
export const studies: Readonly<Record<string, Study<any, any>>> = { stages };
