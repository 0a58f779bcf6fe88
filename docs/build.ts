import { readdir, readFile } from "node:fs/promises";
import { expressions } from "./generate/expressions.ts";
import { costs, family, placement, towers } from "./generate/family.ts";
import { forward } from "./generate/forward.ts";
import { gpujsKernel } from "./generate/gpujsKernel.ts";

/** What a page may ask for between `<!-- generated: name arguments -->` and `<!-- end -->`. */
const GENERATORS: Record<string, (...args: string[]) => string> = {
  family,
  towers,
  costs,
  placement,
  expressions,
  forward,
  gpujsKernel,
};

const BLOCK = /(<!-- generated: (\S+)([^>]*?) -->\n)[\s\S]*?(<!-- end -->)/g;

/** A page with every generated part made anew from the code. */
export function buildPage(text: string, name: string): string {
  return text.replace(BLOCK, (_, head: string, generator: string, args: string, end: string) => {
    const make = GENERATORS[generator];
    if (!make) {
      throw new Error(
        `${name}: no generator is called "${generator}"; there are ${Object.keys(GENERATORS).join(", ")}`,
      );
    }
    return `${head}\n${make(...args.trim().split(/\s+/).filter(Boolean))}\n\n${end}`;
  });
}

/** The pages of the docs folder, by path. */
export async function readPages(): Promise<Map<string, string>> {
  const names = (await readdir("docs")).filter((name) => name.endsWith(".md")).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [`docs/${name}`, await readFile(`docs/${name}`, "utf8")] as const)),
  );
}
