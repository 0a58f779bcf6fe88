import { requireKnown } from "../../core/knownNames.ts";
import { isNode } from "../files/isNode.ts";
import type { Checkpoint, PretrainedOptions } from "./checkpoint.ts";
import type { HubOptions } from "./hub/settings.ts";

/** All names of `HubOptions`. */
export const HUB_NAMES = Object.keys({
  revision: true,
  endpoint: true,
  token: true,
  offline: true,
  cacheDir: true,
  onDownload: true,
  patience: true,
  onNotice: true,
  signal: true,
} satisfies Record<keyof HubOptions, true>);

/** All names of `PretrainedOptions`. */
export const PRETRAINED_NAMES = [
  ...HUB_NAMES,
  ...Object.keys({
    backend: true,
    onProgress: true,
    dtype: true,
    onMatch: true,
    allowNonFinite: true,
    precompile: true,
  } satisfies Record<Exclude<keyof PretrainedOptions, keyof HubOptions>, true>),
];

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
  style: "Processor.fromPretrained(source, { style })",
};

/**
 * A model by its folder or weight file (Node), by the address of its folder (browsers), or by its name on the Hugging
 * Face hub, "owner/name", from where it is downloaded once.
 * @throws InfimmError for options that nobody reads, too
 */
export async function openCheckpoint(source: string, options: HubOptions = {}): Promise<Checkpoint> {
  return openFor(source, options, HUB_NAMES);
}

/** The same for a caller who takes options of other names, too. */
export async function openFor<Options extends HubOptions>(
  source: string,
  options: Options,
  known: readonly string[],
): Promise<Checkpoint> {
  requireKnown("fromPretrained", options, known, OTHERS);
  if (isNode) {
    const { openNodeCheckpoint } = await import("./nodeCheckpoint.ts");
    return openNodeCheckpoint(source, options);
  }
  const { openWebCheckpoint } = await import("./webCheckpoint.ts");
  return openWebCheckpoint(source, options);
}
