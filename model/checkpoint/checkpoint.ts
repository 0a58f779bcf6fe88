import { isNode } from "../files/isNode.ts";
import type { WeightFile } from "./weightFile.ts";
import type { HubOptions } from "./hub/settings.ts";

/** The files of one model: a folder, or what came from the hub. */
export interface Checkpoint {
  /** What messages call it. */
  readonly name: string;
  /** The object in a JSON file, and what messages call that file: its path or address. */
  json(file: string, what: string): Promise<{ value: Record<string, unknown>; path: string }>;
  openWeights(): Promise<WeightFile>;
}

/**
 * A model by its folder or weight file (Node), by the address of its folder (browsers), or by its name on the Hugging
 * Face hub, "owner/name", from where it is downloaded once.
 */
export async function openCheckpoint(source: string, options: HubOptions = {}): Promise<Checkpoint> {
  if (isNode) {
    const { openNodeCheckpoint } = await import("./nodeCheckpoint.ts");
    return openNodeCheckpoint(source, options);
  }
  const { openWebCheckpoint } = await import("./webCheckpoint.ts");
  return openWebCheckpoint(source, options);
}
