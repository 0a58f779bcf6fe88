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
  docs: ["core", "tensor", "nn", "model", "backends", "golden", "index.ts"], // the page is built as a user's would be
  bin: ["core", "tensor", "nn", "model", "backends", "golden", "docs"],
};

const MEASURES_BACKENDS = /^backends\/(conformance|bench)/;

const root = resolve(import.meta.dirname, "..");

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The relative imports of every source of `folder`, as paths from the root. */
function importsOf(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !/node_modules|\.snippets-/.test(name))
    .flatMap((name) => {
      const from = join(folder, name);
      const text = readFileSync(join(root, from), "utf8");
      const statements = text.matchAll(/(?:^|[\s;])(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
      return [...statements].map(([, path]) => ({ from, to: relative(root, resolve(root, dirname(from), path)) }));
    });
}

function allowed({ from, to }: Import): boolean {
  const [folder] = from.split("/");
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
