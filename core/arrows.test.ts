import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";

/**
 * The arrows of the house (design §2): which folders the sources of a folder may import, types included.
 * Tests may import anything. `backends/register.ts` and the conformance suite and benches, which compare whole
 * backends through the tensor library, may import it; a backend itself knows `tensor/backend.ts` and `core` alone.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  tensor: ["core"],
  nn: ["core", "tensor"],
  model: ["core", "tensor", "nn"],
  backends: ["core", "tensor/backend.ts"],
  golden: ["core", "tensor", "nn", "model", "backends"],
  docs: ["core", "tensor", "nn", "model", "backends", "golden", "index.ts", "browser.ts"], // pages are built as a user's would be
  bin: ["core", "tensor", "nn", "model", "backends", "golden", "docs"],
};

const MEASURES_BACKENDS = /^backends\/(conformance|bench)/;
/** The bench of a whole model: nothing imports it but the command. */
const MEASURES_MODEL = "backends/bench/model.ts";

const root = resolve(import.meta.dirname, "..");

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The relative imports of every source of `folder`, as paths from the root. */
function importsOf(folder: string, dynamic = true): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter(
      (name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && !/node_modules|\.snippets-|dist\//.test(name),
    )
    .flatMap((name) => {
      const from = join(folder, name);
      const text = readFileSync(join(root, from), "utf8");
      const statement = dynamic
        ? /(?:^|[\s;])(?:from|import)\s*\(?\s*"(\.[^"]+)"/g
        : /(?:^|[\s;])(?:from|import)\s*"(\.[^"]+)"/g;
      const statements = text.matchAll(statement);
      return [...statements].map(([, path]) => ({ from, to: relative(root, resolve(root, dirname(from), path)) }));
    });
}

function allowed({ from, to }: Import): boolean {
  const [folder] = from.split("/");
  if (from === MEASURES_MODEL) return true;
  const targets = MEASURES_BACKENDS.test(from) ? [...MAY_IMPORT.backends, "tensor"] : MAY_IMPORT[folder];
  return [folder, ...targets].some((target) => to === target || to.startsWith(`${target}/`));
}

it.each(Object.keys(MAY_IMPORT))("%s imports only what it may", (folder) => {
  expect(
    importsOf(folder)
      .filter((i) => !allowed(i))
      .map((i) => `${i.from} imports ${i.to}`),
  ).toEqual([]);
});

it("sees imports at all, and would object", () => {
  const tensorImports = importsOf("tensor");
  expect(tensorImports.length).toBeGreaterThan(50);
  expect(tensorImports.every(allowed)).toBe(true);
  expect(allowed({ from: "core/shape.ts", to: "tensor/tensor.ts" })).toBe(false);
  expect(allowed({ from: "backends/cpu/cpu.ts", to: "tensor/tensor.ts" })).toBe(false);
  expect(allowed({ from: "backends/conformance.ts", to: "tensor/index.ts" })).toBe(true);
  expect(allowed({ from: "nn/linear.ts", to: "model/infimm.ts" })).toBe(false);
});

/** What importing `file` imports at once, types and dynamic imports aside: `[importer, imported]`. */
function staticImports(file: string, seen = new Map<string, [from: string, to: string][]>()): [string, string][] {
  if (!seen.has(file)) {
    const text = readFileSync(join(root, file), "utf8");
    const found = [...text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm)]
      .filter(([statement]) => !/^\w+ \{( type \w+,?)+ \}/.test(statement))
      .map(([, from, bare]) => from ?? bare)
      .map((to): [string, string] => [
        file,
        to.startsWith(".") ? relative(root, resolve(root, dirname(file), to)) : to,
      ]);
    seen.set(file, found);
    for (const [, to] of found) if (to.endsWith(".ts")) staticImports(to, seen);
  }
  return [...seen.values()].flat();
}

it("the package's entry needs no Node module until something on disk is asked for: browsers take it as it is", () => {
  const edges = staticImports("index.ts");
  expect(edges.length).toBeGreaterThan(300);
  expect(edges.filter(([, to]) => to.startsWith("node:"))).toEqual([]);
  expect(staticImports("model/checkpoint/openWeights.ts").some(([, to]) => to.startsWith("node:"))).toBe(true);
});

/**
 * The circles among imports, types included, dynamic imports not. Each is given by its files, in order of name.
 * (Tarjan, "Depth-first search and linear graph algorithms", 1972.)
 */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const number = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string) => {
    number.set(file, number.size);
    low.set(file, number.get(file)!);
    stack.push(file);
    for (const to of edges.get(file) ?? []) {
      if (!number.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file)!, low.get(to)!));
    }
    if (low.get(file) !== number.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const file of edges.keys()) if (!number.has(file)) visit(file);
  return found;
}

/** Circles that are meant: vjps are made of tensor ops, which tensors have as methods; modules and their observers. */
const MEANT = /^(tensor\/|nn\/(errorPath|module|observe)\.ts$)/;

it("has no circle of imports but those of tensors and modules", () => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of Object.keys(MAY_IMPORT).flatMap((folder) => importsOf(folder, false))) {
    edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  expect(
    circles(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b", "d"]],
      ]),
    ),
  ).toEqual([["b", "c"]]);
  expect(circles(edges).filter((files) => !files.every((file) => MEANT.test(file)))).toEqual([]);
});
