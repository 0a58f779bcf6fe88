import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { LONGEST, LongestFirst } from "./longestFirst.ts";

type Vitest = ConstructorParameters<typeof LongestFirst>[0];
type Specification = Parameters<LongestFirst["sort"]>[0][number];

it("the longest test files begin, and the others follow as vitest has them: the larger first", async () => {
  const sizes = { "b.test.ts": 1, "a.test.ts": 2, [LONGEST[1]]: 0, [LONGEST[0]]: 0 };
  const cache = { getFileTestResults: () => undefined, getFileStats: (key: string) => ({ size: sizes[key.slice(1)] }) };
  const context = { config: { root: "/here" }, cache } as unknown as Vitest;
  const project = { name: "", config: { isolate: true, sequence: { groupOrder: 0 } } };
  const files = Object.keys(sizes).map((name) => ({ moduleId: `/here/${name}`, project }) as unknown as Specification);
  const sorted = await new LongestFirst(context).sort(files);
  expect(sorted.map(({ moduleId }) => moduleId.slice(6))).toEqual([LONGEST[0], LONGEST[1], "a.test.ts", "b.test.ts"]);
});

it("they are there, each named once", () => {
  expect(LONGEST.filter((name) => !existsSync(name))).toEqual([]);
  expect(new Set(LONGEST).size).toBe(LONGEST.length);
});
