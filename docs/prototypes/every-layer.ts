import { InfiMM, type InfiMMConfig } from "../../index.ts";

/** Words look before every layer of the language model. */
export function make(config: InfiMMConfig): InfiMM {
  return new InfiMM({ ...config, cross_attn_every_n_layers: 1 });
}
