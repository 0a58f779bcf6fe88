import { addLora, Generator, InfiMM, type InfiMMConfig } from "../../index.ts";

export const make = (config: InfiMMConfig) => new InfiMM(config);

/** Once the weights are there, queries and values of the language model get parts of rank 8, and nothing else learns. */
export function start(model: InfiMM): void {
  const generator = new Generator(1);
  for (const part of ["q_proj", "v_proj"])
    addLora(model.model.lang_encoder, `**.self_attn.${part}`, { rank: 8, generator });
}

/** The trained connector is kept. */
export const keepsConnector = true;
