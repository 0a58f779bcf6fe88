import { resolve } from "node:path";
import { expect, it } from "vitest";
import { declarationsOf, hiddenTypes } from "./publicTypes.ts";

/** What backends are inside can be named by their classes, and what those name need not be; nor what the platform has. */
const INSIDE = /dist\/(backends\/(wasm|webgpu)\/|core\/platformTypes)/;

it("whatever a public signature names can be imported", () => {
  const declarations = declarationsOf(["index.ts"]);
  for (const entry of ["core", "browser", "index"]) {
    const hidden = hiddenTypes(resolve(`dist/${entry}.d.ts`), declarations).filter(({ file }) => !INSIDE.test(file));
    expect(hidden.map(({ name, file, seenIn }) => `${entry}: ${seenIn} names ${name} of ${file}`)).toEqual([]);
  }
});

it("whatever infimm/evaluate names can be imported from it, or from infimm", () => {
  const declarations = declarationsOf(["evaluate.ts", "index.ts"]);
  const both = resolve("dist/both.d.ts");
  const lines = ['export * from "./evaluate.js";', 'export * from "./index.js";'];
  lines.push('export type { Task as TrainingTask } from "./index.js";'); // each has a Task of its own
  declarations.set(both, lines.join("\n"));
  const hidden = hiddenTypes(both, declarations).filter(({ file }) => !INSIDE.test(file));
  expect(hidden.map(({ name, file, seenIn }) => `${seenIn} names ${name} of ${file}`)).toEqual([]);
});

it("sees what is hidden: a parameter's type, a result's, a field's and a parent's", () => {
  const text = {
    "dist/a.d.ts":
      'import { Hidden, Parent, type Field } from "./b.js";\nexport declare class Shown extends Parent { field: Field }\nexport declare function f(x: Hidden): import("./b.js").Result;\nexport { Known } from "./b.js";\n',
    "dist/b.d.ts":
      "export interface Hidden {}\nexport declare class Parent {}\nexport interface Field {}\nexport interface Result { of: Known }\nexport interface Known {}\n",
  };
  const declarations = new Map(Object.entries(text).map(([name, source]) => [resolve(name), source]));
  const names = hiddenTypes(resolve("dist/a.d.ts"), declarations).map(({ name }) => name);
  expect(names.sort()).toEqual(["Field", "Hidden", "Parent", "Result"]);
});
