import { InfiMM, type InfiMMConfig } from "../../index.ts";

/** A gate for each number of a hidden state, as InfiMM-HD has, instead of one for all of them. */
export function make(config: InfiMMConfig): InfiMM {
  return new InfiMM({ ...config, cross_attention: { ...config.cross_attention, gate: "vector" } });
}
