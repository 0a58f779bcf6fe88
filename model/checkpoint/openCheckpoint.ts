import { requireKnown } from "../../core/knownNames.ts";
import { isNode } from "../files/isNode.ts";
import { type Checkpoint, PRETRAINED_NAMES } from "./checkpoint.ts";
import type { HubOptions } from "./hub/settings.ts";

/** What transformers and transformers.js call it. */
const OTHERS = {
  device: "backend",
  device_map: "backend",
  torch_dtype: "dtype",
  quantized: "dtype",
  strict: "loadWeights(model, weights, { strict: false }), which reports what did not fit",
  cache_dir: "cacheDir",
  local_files_only: "offline",
  progress_callback: "onProgress or onDownload",
};

/**
 * A model by its folder or weight file (Node), by the address of its folder (browsers), or by its name on the Hugging
 * Face hub, "owner/name", from where it is downloaded once.
 * @throws InfimmError for options that nobody reads, too
 */
export async function openCheckpoint(source: string, options: HubOptions = {}): Promise<Checkpoint> {
  requireKnown("fromPretrained", options, PRETRAINED_NAMES, OTHERS);
  if (isNode) {
    const { openNodeCheckpoint } = await import("./nodeCheckpoint.ts");
    return openNodeCheckpoint(source, options);
  }
  const { openWebCheckpoint } = await import("./webCheckpoint.ts");
  return openWebCheckpoint(source, options);
}
