import type { HubOptions } from "./hub/settings.ts";
import type { LoadOptions } from "./load/loadWeights.ts";
import type { WeightFile } from "./weightFile.ts";

/** The files of one model: a folder, or what came from the hub. */
export interface Checkpoint {
  /** What messages call it. */
  readonly name: string;
  /** The object in a JSON file, and what messages call that file: its path or address. */
  json(file: string, what: string): Promise<{ value: Record<string, unknown>; path: string }>;
  /** The text of a file, or undefined if it is not there. */
  text(file: string): Promise<string | undefined>;
  /** The names of the files in one of its folders; none of an address, which cannot be listed. */
  names(folder: string): Promise<readonly string[]>;
  openWeights(): Promise<WeightFile>;
}

/** Options of fromPretrained: where the weights go and as what, and how they are fetched. */
export interface PretrainedOptions extends Omit<LoadOptions, "strict">, HubOptions {
  /** Compile the kernels of an answer while the weights are on their way, where the backend compiles any. Default: false; of an Assistant, on a real GPU. */
  readonly precompile?: boolean;
}
