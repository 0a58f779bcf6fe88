import { stat } from "node:fs/promises";
import { InfimmError } from "../../../core/errors.ts";
import type { Records } from "../documents.ts";
import { FILTER_NAMES, type Filters, filtered } from "../filters.ts";
import { captionRecords, karpathyRecords } from "./coco.ts";
import { documentRecords } from "./documents.ts";
import { docVqaRecords } from "./docvqa.ts";
import { gqaRecords } from "./gqa.ts";
import { llavaRecords } from "./llava.ts";
import { mmc4Records, mmc4TarRecords } from "./mmc4.ts";
import { obelicsRecords, obelicsTarRecords } from "./obelics.ts";
import { ocrVqaRecords } from "./ocrvqa.ts";
import { folderRecords } from "./folder.ts";
import { type PairOptions, pairRecords } from "./pairs.ts";
import { scienceQaRecords } from "./scienceqa.ts";
import { stVqaRecords } from "./stvqa.ts";
import { textCapsRecords, textVqaRecords } from "./textvqa.ts";
import { vizwizRecords } from "./vizwiz.ts";
import { vqaRecords } from "./vqa.ts";

/** A source as people name it: `vqa:questions.json?annotations=annotations.json&images=train2014`. */
interface Named {
  readonly path: string;
  readonly source: string;
  /** A value that must be there. */
  need(name: string): string;
  have(name: string): string | undefined;
  number(name: string): number | undefined;
  readonly limits: Limits;
}

type Opener = (named: Named) => Promise<Records>;

const inFolder =
  (open: (path: string, options: { images: string; source: string }) => Promise<Records>): Opener =>
  ({ path, source, need }) =>
    open(path, { source, images: need("images") });

const isTar = (path: string) => /\.tar$/i.test(path);

/** What each kind needs, and how it is opened. */
const KINDS: Readonly<Record<string, { readonly keys: readonly string[]; readonly open: Opener }>> = {
  folder: { keys: [], open: (named) => folderRecords(named.path, "pair", pairOptions(named)) },
  pairs: { keys: [], open: (named) => pairRecords(named.path, pairOptions(named)) },
  documents: { keys: [], open: ({ path, source }) => documentRecords(path, { source }) },
  mmc4: { keys: ["images", "minBytes", "minSimilarity", "emulate"], open: mmc4 },
  obelics: {
    keys: ["images"],
    open: ({ path, source, need }) =>
      isTar(path) ? obelicsTarRecords(path, { source }) : obelicsRecords(path, { source, images: need("images") }),
  },
  coco: { keys: ["images"], open: inFolder(karpathyRecords) },
  captions: { keys: ["images"], open: inFolder(captionRecords) },
  textcaps: { keys: ["images"], open: inFolder(textCapsRecords) },
  vqa: {
    keys: ["images", "annotations", "subtype"],
    open: ({ path, source, need, have }) =>
      vqaRecords(path, { source, images: need("images"), annotations: need("annotations"), subtype: have("subtype") }),
  },
  vizwiz: {
    keys: ["images", "annotations"],
    open: ({ path, source, need, have }) =>
      vizwizRecords(path, { source, images: need("images"), annotations: have("annotations") }),
  },
  textvqa: { keys: ["images"], open: inFolder(textVqaRecords) },
  ocrvqa: { keys: ["images"], open: inFolder(ocrVqaRecords) },
  stvqa: { keys: ["images"], open: inFolder(stVqaRecords) },
  docvqa: { keys: ["images"], open: inFolder(docVqaRecords) },
  gqa: { keys: ["images"], open: inFolder(gqaRecords) },
  scienceqa: {
    keys: ["images", "splits"],
    open: ({ path, source, need }) =>
      scienceQaRecords(path, { source, images: need("images"), splits: need("splits") }),
  },
  llava: { keys: ["images"], open: inFolder(llavaRecords) },
};

export const DATA_KINDS = Object.keys(KINDS);

/** Sources as `Feed` takes them. */
export interface OpenedData {
  readonly sources: readonly Records[];
  /** By source, if any was given. */
  readonly weights?: Readonly<Record<string, number>>;
}

/**
 * Opens data by name: `<kind>:<path>?<key>=<value>&…`, or a folder of pictures and captions, or tar shards of pairs, by
 * their path alone. Keys of every kind: `name`, `weight`, and those of `Filters`; `pairs` and `folder` take limits of
 * columns, `max.punsafe=0.5`.
 *
 * @throws for a kind or a key that there is not, naming those there are
 */
export async function openData(names: readonly string[]): Promise<OpenedData> {
  const sources: Records[] = [];
  const weights: Record<string, number> = {};
  for (const name of names) {
    const { records, weight } = await openSource(name);
    sources.push(records);
    if (weight !== undefined) weights[records.source] = weight;
  }
  return { sources, weights: Object.keys(weights).length > 0 ? weights : undefined };
}

async function openSource(name: string): Promise<{ records: Records; weight?: number }> {
  const { kind, path, values } = await partsOf(name);
  const { keys, open } = KINDS[kind];
  const known = ["name", "weight", ...FILTER_NAMES, ...keys];
  for (const key of values.keys()) {
    const isLimit = /^(min|max)\../.test(key) && (kind === "pairs" || kind === "folder");
    if (!known.includes(key) && !isLimit) {
      throw new InfimmError(`data ${name}: ${kind} has no ${key}; it has ${known.join(", ")}`);
    }
  }
  const have = (key: string) => values.get(key) ?? undefined;
  const number = (key: string) => numberIn(values, key, name);
  const need = (key: string) => {
    const value = have(key);
    if (value === undefined) throw new InfimmError(`data ${name}: ${kind} needs ${key}: ${kind}:${path}?${key}=PATH`);
    return value;
  };
  const limits = [...values.keys()].filter((key) => key.includes("."));
  const source = have("name") ?? kind;
  const records = await open({ path, source, have, number, need, limits: limitsOf(limits, number) });
  const filters = Object.fromEntries(FILTER_NAMES.map((key) => [key, number(key)])) as Filters;
  return { records: filtered(records, filters), weight: number("weight") };
}

async function partsOf(name: string) {
  const [, rest, query = ""] = name.match(/^(.*?)(?:\?([\w.]+=.*))?$/s)!;
  const values = new URLSearchParams(query);
  const [, kind, path] = rest.match(/^([a-z0-9]+):(.+)$/s) ?? [];
  if (kind !== undefined && kind in KINDS) return { kind, path, values };
  if (kind === undefined && isTar(rest)) return { kind: "pairs", path: rest, values };
  const isFolder = (await stat(rest).catch(() => undefined))?.isDirectory() ?? false;
  if (isFolder) return { kind: "folder", path: rest, values };
  throw new InfimmError(
    `data ${name}: expected a folder, tar shards, or <kind>:<path>, where kind is one of ${DATA_KINDS.join(", ")}`,
  );
}

function numberIn(values: URLSearchParams, key: string, name: string): number | undefined {
  const text = values.get(key);
  if (text === null) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InfimmError(`data ${name}: ${key} must be a number, got ${JSON.stringify(text)}`);
  }
  return value;
}

type Limits = Record<string, { min?: number; max?: number }>;

function limitsOf(keys: readonly string[], number: (key: string) => number | undefined): Limits {
  const limits: Limits = {};
  for (const key of keys) {
    const [, end, column] = key.match(/^(min|max)\.(.+)$/)!;
    limits[column] = { ...limits[column], [end]: number(key) };
  }
  return limits;
}

function pairOptions(named: Named): PairOptions {
  return { source: named.source, limits: named.limits };
}

function mmc4({ path, source, need, have, number }: Named): Promise<Records> {
  const emulate = have("emulate");
  if (emulate !== undefined && emulate !== "open_flamingo") {
    throw new InfimmError(`data ${path}: emulate must be open_flamingo, got ${emulate}`);
  }
  const options = { source, minBytes: number("minBytes"), minSimilarity: number("minSimilarity"), emulate } as const;
  return isTar(path) ? mmc4TarRecords(path, options) : mmc4Records(path, { ...options, images: need("images") });
}
