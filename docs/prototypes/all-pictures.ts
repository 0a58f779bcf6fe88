import { InfiMM, type InfiMMConfig } from "../../index.ts";

/** A word sees all pictures before it, not only the last one. */
export function make(config: InfiMMConfig): InfiMM {
  const cross_attention = { ...config.cross_attention, only_attend_immediate_media: false };
  return new InfiMM({ ...config, cross_attention });
}
