import { readdir, readFile } from "node:fs/promises";
import { api, apiIndex } from "./generate/api.ts";
import { expressions, functions } from "./generate/expressions.ts";
import { everyForward } from "./generate/everyForward.ts";
import { costs, family, placement, towers } from "./generate/family.ts";
import { figure } from "./generate/figures/figure.ts";
import { forward } from "./generate/forward.ts";
import { gpujsKernel } from "./generate/gpujsKernel.ts";
import { letters } from "./generate/letters.ts";
import { ops } from "./generate/ops.ts";
import { prototypes } from "./generate/prototypes.ts";
import { source } from "./generate/source.ts";
import { suiteSoFar } from "./generate/suiteSoFar.ts";

/** A page made anew, and the files that it shows. */
export interface BuiltPage {
  readonly text: string;
  /** Figures, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** What a page may ask for between `<!-- generated: name arguments -->` and `<!-- end -->`. */
const GENERATORS: Record<string, (...args: string[]) => string | Promise<string>> = {
  family,
  towers,
  costs,
  placement,
  expressions,
  functions,
  forward,
  everyForward,
  letters,
  ops,
  prototypes,
  gpujsKernel,
  source,
  suiteSoFar,
  api,
  apiIndex,
};

const BLOCK = /(<!-- generated: (\S+)([^>]*?) -->\n)[\s\S]*?(<!-- end -->)/g;

/** A page with every generated part made anew from the code. `figure` is a generator, too, which makes a file. */
export async function buildPage(text: string, name: string): Promise<BuiltPage> {
  const files = new Map<string, string>();
  const withFile = async (...args: string[]) => {
    const [kind, ...rest] = args;
    const { markdown, path, svg } = await figure(kind, ...rest);
    files.set(path, svg);
    return markdown;
  };
  const generators: typeof GENERATORS = { ...GENERATORS, figure: withFile };
  const parts: string[] = [];
  let end = 0;
  for (const block of text.matchAll(BLOCK)) {
    const [all, head, generator, args, tail] = block;
    const make = generators[generator];
    if (!make) {
      throw new Error(
        `${name}: no generator is called "${generator}"; there are ${Object.keys(generators).join(", ")}`,
      );
    }
    const made = await make(...args.trim().split(/\s+/).filter(Boolean));
    parts.push(text.slice(end, block.index), `${head}\n${made}\n\n${tail}`);
    end = block.index + all.length;
  }
  return { text: parts.join("") + text.slice(end), files };
}

/** The pages of the docs folder, by path. */
export async function readPages(): Promise<Map<string, string>> {
  const folders = ["", "prototypes/", "api/"];
  const listed = folders.map(async (folder) => (await readdir(`docs/${folder}`)).map((name) => folder + name));
  const names = (await Promise.all(listed))
    .flat()
    .filter((name) => name.endsWith(".md"))
    .sort();
  return new Map(
    await Promise.all(names.map(async (name) => [`docs/${name}`, await readFile(`docs/${name}`, "utf8")] as const)),
  );
}
