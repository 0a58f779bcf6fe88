import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import type { Hypothesis } from "./beam.ts";
import type { GenerateOptions } from "./options.ts";

/** See beam.ts, which is loaded when a search is asked for. */
export async function beamSearch(model: InfiMM, prompts: Prompts, options: GenerateOptions): Promise<Hypothesis[][]> {
  return (await import("./beam.ts")).beamSearch(model, prompts, options);
}

/** See precompile.ts. */
export const precompile: typeof import("./precompile.ts").precompile = async (...args) =>
  (await import("./precompile.ts")).precompile(...args);
