import { isNode } from "../files/isNode.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { HubOptions } from "./hub/settings.ts";

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
