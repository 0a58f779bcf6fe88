import { TEMPLATE_FILES, TEMPLATE_FOLDER } from "../../processor/text/templateFiles.ts";
import { WEIGHT_FILES } from "../formats.ts";
import { HubError } from "./hubError.ts";
import type { Listing, RemoteFile } from "./listing.ts";
import type { Hub } from "./settings.ts";

/** What a model needs besides its weights. */
export const REQUIRED = ["config.json", "tokenizer.json", "tokenizer_config.json"];
const OPTIONAL = [
  "generation_config.json",
  "preprocessor_config.json",
  "special_tokens_map.json",
  ...TEMPLATE_FILES,
  "LICENSE",
];

const NAMED_TEMPLATE = new RegExp(`^${TEMPLATE_FOLDER}/[^/]+\\.jinja$`);

export interface Choice {
  readonly companions: readonly RemoteFile[];
  /** The whole weights, or their index. */
  readonly weights: RemoteFile;
}

/** What is downloaded of a repository: the configuration, the tokenizer, and the weights in one of their formats. */
export function chooseFiles({ repo, revision }: Hub, { files }: Listing): Choice {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const missing = REQUIRED.filter((path) => !byPath.has(path));
  const name = WEIGHT_FILES.find((path) => byPath.has(path));
  if (name === undefined || missing.length > 0) {
    const lacks = [...missing, ...(name === undefined ? [`weights (${WEIGHT_FILES.join(", ")})`] : [])];
    throw new HubError(`${repo} at ${revision}: is not a model that can be loaded: it has no ${lacks.join(", no ")}`);
  }
  const templates = files.filter(({ path }) => NAMED_TEMPLATE.test(path));
  const companions = [...[...REQUIRED, ...OPTIONAL].flatMap((path) => byPath.get(path) ?? []), ...templates];
  return { companions, weights: byPath.get(name)! };
}

/** The files of an index, in the listing. */
export function chooseShards({ repo }: Hub, { files }: Listing, index: string, names: readonly string[]): RemoteFile[] {
  return names.map((name) => {
    const file = files.find(({ path }) => path === name);
    if (!file) throw new HubError(`${repo}: ${index} names ${name}, which the repository does not have`);
    return file;
  });
}
