import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import picomatch from "picomatch";

/** What stands between commas, but for those inside of braces. */
export function splitList(list: string): string[] {
  const items = [""];
  let depth = 0;
  for (const letter of list) {
    depth += letter === "{" ? 1 : letter === "}" ? -1 : 0;
    if (letter === "," && depth === 0) items.push("");
    else items[items.length - 1] += letter;
  }
  return items;
}

/** `{a,b}` and `{08..11}`, as shells and webdataset write them, each for its own; other braces belong to the name. */
export function expandBraces(pattern: string): string[] {
  for (let open = pattern.indexOf("{"); open >= 0; open = pattern.indexOf("{", open + 1)) {
    const close = closing(pattern, open);
    if (close < 0) continue;
    const inside = pattern.slice(open + 1, close);
    const [, first, last] = /^(-?\d+)\.\.(-?\d+)$/.exec(inside) ?? [];
    const items = first === undefined ? splitList(inside) : range(first, last);
    if (first === undefined && items.length === 1) continue;
    return items.flatMap((item) => expandBraces(pattern.slice(0, open) + item + pattern.slice(close + 1)));
  }
  return [pattern];
}

function closing(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    depth += pattern[i] === "{" ? 1 : pattern[i] === "}" ? -1 : 0;
    if (depth === 0) return i;
  }
  return -1;
}

/** 08, 09, 10: as wide as the wider end, if one begins with a zero. */
function range(first: string, last: string): string[] {
  const padded = [first, last].some((end) => /^-?0\d/.test(end));
  const width = padded ? Math.max(first.length, last.length) : 0;
  const step = Number(first) <= Number(last) ? 1 : -1;
  const count = Math.abs(Number(last) - Number(first)) + 1;
  return Array.from({ length: count }, (_, i) => String(Number(first) + step * i).padStart(width, "0"));
}

/** Files that a pattern with `*`, `?`, `[…]` or `**` names, sorted; links are followed, and hidden ones count. */
export async function glob(pattern: string): Promise<string[]> {
  const [first, ...rest] = pattern.split("/");
  const found = first === "" ? await walk("/", rest) : await walk("", [first, ...rest]);
  return [...new Set(found)].sort();
}

async function walk(folder: string, [segment, ...rest]: readonly string[]): Promise<string[]> {
  const isLast = rest.length === 0;
  if (segment !== "**" && !picomatch.scan(segment).isGlob) {
    const path = join(folder, segment);
    return isLast ? ((await isFile(path)) ? [path] : []) : walk(path, rest);
  }
  const fits = segment === "**" ? () => true : picomatch(segment, { dot: true });
  const entries = (await readdir(folder || ".", { withFileTypes: true }).catch(() => [])).filter(({ name }) =>
    fits(name),
  );
  const found: string[] = [];
  if (segment === "**" && !isLast) found.push(...(await walk(folder, rest))); // it may stand for no folder
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (isLast && (await isFile(path))) found.push(path);
    else if (segment === "**") found.push(...(entry.isDirectory() ? await walk(path, ["**", ...rest]) : []));
    else if (!isLast) found.push(...(await walk(path, rest)));
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
