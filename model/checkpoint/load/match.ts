import type { Misshapen } from "./nameMatch.ts";
import { showShape } from "../../../core/errors.ts";
import { mismatchHints } from "./mismatchHints.ts";
import type { NameMatch } from "./nameMatch.ts";
import { groupNames } from "./names.ts";
import { nearestNames } from "./nearestNames.ts";
import { quote, type WeightFile } from "../weightFile.ts";

/** What a model wants under a canonical name. Optional: it can be computed, as the rotary tables can. */
export interface ExpectedTensor {
  readonly shape: readonly number[];
  readonly optional?: boolean;
}

/**
 * Compares what a model expects (canonical name -> shape) with what a file has, by names and shapes alone.
 * @param nameOf the path in the model of what a file calls so; default: by the original's names
 */
export function matchNames(
  expected: ReadonlyMap<string, ExpectedTensor>,
  file: WeightFile,
  nameOf?: (key: string) => string | null,
): NameMatch {
  const { groups, ignored } = groupNames(file.tensors.keys(), nameOf);
  const match: NameMatch = { found: new Map(), missing: [], unexpected: [], misshapen: [], ignored };
  for (const [name, { shape, optional }] of expected) {
    const storedNames = groups.get(name);
    if (!storedNames) {
      if (!optional) match.missing.push(name);
      continue;
    }
    match.found.set(name, storedNames);
    for (const storedName of storedNames) {
      const got = file.tensors.get(storedName)!.shape;
      if (showShape(got) !== showShape(shape)) match.misshapen.push({ name, storedName, expected: shape, got });
    }
  }
  for (const name of groups.keys()) if (!expected.has(name)) match.unexpected.push(name);
  return match;
}

/** Lines per section, and names that are searched for likes: a message stays short and quick for any file. */
const SHOWN = 8;
const SEARCHED = 2000;

/**
 * One message on everything that does not fit: missing and unexpected names with their nearest likes on the
 * other side, shapes both ways, and what this looks like. Undefined if all fits.
 */
export function explainMismatch(match: NameMatch, path: string): string | undefined {
  const { missing, unexpected, misshapen, found } = match;
  if (missing.length + unexpected.length + misshapen.length === 0) return undefined;
  const lines = [`${path}: does not fit the model: ${found.size - countNames(misshapen)} tensors fit`];
  lines.push(...mismatchHints(match).map((hint) => `hint: ${hint}`));
  lines.push(
    ...section("in the model, not in the file", missing, (name) => plain(name) + likes(name, unexpected)),
    ...section("in the file, not in the model", unexpected, (name) => plain(name) + likes(name, missing)),
    ...section("of another shape", misshapen, ({ name, storedName, expected, got }) => {
      const alias = name === storedName ? "" : ` (stored as ${plain(storedName)})`;
      return `${name}${alias}: the model has ${showShape(expected)}, the file ${showShape(got)}`;
    }),
  );
  return lines.join("\n");
}

function countNames(misshapen: readonly Misshapen[]): number {
  return new Set(misshapen.map(({ name }) => name)).size;
}

/** A name from a file, without what could confuse a terminal. */
function plain(name: string): string {
  return quote(name).slice(1, -1);
}

function likes(name: string, others: readonly string[]): string {
  const near = nearestNames(name, others.slice(0, SEARCHED), 2).map(plain);
  return near.length > 0 ? ` (like ${near.join(" or ")}?)` : "";
}

function section<T>(title: string, items: readonly T[], show: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const lines = items.slice(0, SHOWN).map((item) => `    ${show(item)}`);
  if (items.length > SHOWN) lines.push(`    … and ${items.length - SHOWN} more`);
  return [`  ${items.length} ${title}:`, ...lines];
}
