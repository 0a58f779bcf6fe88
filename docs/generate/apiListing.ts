import { ENTRIES, type Described } from "./publicApi.ts";

/** Where the listing stands. */
export const LISTING = "docs/api/listing.txt";

/** What is public, without a word about it: each export's name, its entries, and under them its signature. */
export function apiListing(exported: readonly Described[]): string {
  return exported.map((one) => `${headOf(one)}\n${bare(one.declaration)}\n`).join("\n");
}

const headOf = ({ name, entries }: Described): string => `${name} (${entries.map((one) => ENTRIES[one]).join(", ")})`;

/** A declaration without comments, indented. */
function bare(declaration: string): string {
  const code = declaration.replace(/[ \t]*\/\*\*[\s\S]*?\*\/\n?/g, "");
  return code.replace(/^(?=.)/gm, "  ");
}

/** What a listing has otherwise than the one before it: a line or a block for each export. */
export function listingChanges(before: string, now: string): string[] {
  const [old, found] = [blocksOf(before), blocksOf(now)];
  const removed = [...old].filter(([head]) => !found.has(head)).map(([head, code]) => `removed: ${head}\n${code}`);
  const changed = [...found].flatMap(([head, code]) => {
    const was = old.get(head);
    if (was === undefined) return [`added: ${head}\n${code}`];
    return was === code ? [] : [`changed: ${head}\n  was\n${was}\n  is\n${code}`];
  });
  return [...removed, ...changed];
}

/** Signatures by their heads. Two exports of one name and entry cannot be. */
function blocksOf(listing: string): Map<string, string> {
  const blocks = listing.split(/\n(?=\S)/).filter(Boolean);
  return new Map(blocks.map((block) => [block.slice(0, block.indexOf("\n")), block.slice(block.indexOf("\n") + 1).trimEnd()])); // biome-ignore format: one line
}
