import { ENTRIES, type Described, PublicApi } from "./publicApi.ts";

/** A page of the reference: what is declared in its folders, or in a folder's own files ("model/*.ts"). */
const AREAS: Readonly<Record<string, readonly string[]>> = {
  tensors: ["core", "tensor"],
  nn: ["nn"],
  backends: ["backends"],
  model: ["model", "model/config", "model/evaClip", "model/perceiver", "model/crossAttention", "model/language"],
  processor: ["model/processor"],
  answers: ["model/generate", "model/study", "model/worker"],
  weights: ["model/checkpoint"],
  training: ["model/train"],
  evaluation: ["model/evaluate"],
};

let found: readonly Described[] | undefined;
/** All exports. They are looked up once. */
export function described(): readonly Described[] {
  found ??= new PublicApi().described();
  return found;
}

/** The page on which an export stands. */
export function areaOf({ name, file }: Pick<Described, "name" | "file">): string {
  const folder = file.startsWith("model/") ? file.split("/").slice(0, -1).slice(0, 2).join("/") : file.split("/")[0];
  const area = Object.keys(AREAS).find((one) => AREAS[one].includes(folder));
  if (area) return area;
  throw new Error(`${name} of ${file}: no page of docs/api has the folder ${folder}; docs/generate/api.ts lists them`);
}

/** The reference of an area: each source's exports with their declarations and what is written above them. */
export function api(area: string): string {
  const here = described().filter((one) => areaOf(one) === area);
  const bySource = grouped(here, (one) => `## [${one.file}](../../${one.file}) · ${importedFrom(one)}`);
  const sources = [...bySource].sort(([a], [b]) => (a < b ? -1 : 1));
  return sources.flatMap(([head, exported]) => [head, ...exported.map(section)]).join("\n\n");
}

/** All names by the entry that has them, each a link to its place. */
export function apiIndex(): string {
  const link = (area: string) => (one: Described) => `[${one.name}](${area}.md#${anchorOf(one)})`;
  const line = ([area, some]: [string, Described[]]) => `- [${area}](${area}.md): ${some.map(link(area)).join(", ")}`;
  const byEntry = [...grouped(described(), importedFrom)];
  return byEntry
    .map(([entry, some]) => [`## ${entry}\n`, ...[...grouped(some, areaOf)].map(line)].join("\n"))
    .join("\n\n");
}

/** Map.groupBy, which Node 20 does not have. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The entries that have it, without those that have all of another: `infimm/core` is in `infimm/browser`, and that in `infimm`. */
function importedFrom({ entries }: Described): string {
  const [first, ...others] = entries;
  const within: readonly string[] = ["core", "browser", "index"];
  return [first, ...others.filter((one) => !within.includes(one))].map((one) => ENTRIES[one]).join(", ");
}

function section(one: Described): string {
  const tags = one.tags.map(([name, text]) => escaped(name === "param" ? parameter(text) : `- ${name}: ${text}`));
  const parts = [`### ${kindOf(one)} ${one.name}`, escaped(one.text), `\`\`\`typescript\n${one.declaration}\n\`\`\``];
  return [...parts, tags.join("\n")].filter(Boolean).join("\n\n");
}

const parameter = (text: string): string => `- ${text.replace(/^(\w+)\s*/, "`$1`: ")}`;
const kindOf = ({ declaration }: Described): string => /^(?:abstract )?(\w+)/.exec(declaration)![1];

/** As GitHub makes it of `### function softmax`. */
function anchorOf(one: Described): string {
  return `${kindOf(one)}-${one.name}`.toLowerCase().replaceAll(".", "");
}

/** Text in which `<image>` is no HTML. What stands in backticks or is indented as code stays as it is. */
function escaped(text: string): string {
  const line = (one: string) => one.replace(/`[^`]*`|</g, (part) => (part === "<" ? "&lt;" : part));
  const lines = text.split("\n").map((one) => (one.startsWith("    ") ? one : line(one)));
  return lines.join("\n");
}
