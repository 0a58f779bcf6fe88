import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { built } from "../bin/built.fixture.ts";
import { buildPage, readPages } from "./build.ts";

const pages = await readPages();
beforeAll(built); // the API reference is made from the declarations

// The shapes on the pages come from instrumented sources, which only the test runner has: so `npm run docs` is this
// test, told to write.
const write = process.env.DOCS === "write";

test.each([...pages.keys()])("%s shows what the code does now", async (path) => {
  const text = pages.get(path)!;
  const built = await buildPage(text, path);
  for (const [file, made] of [[path, built.text] as const, ...built.files]) {
    if (write) await writeFile(file, made);
    else expect(made, "npm run docs makes it anew").toBe(await readFile(file, "utf8"));
  }
});

test("an unknown generator is refused by name", async () => {
  await expect(buildPage("<!-- generated: nonsense -->\n<!-- end -->", "x.md")).rejects.toThrow(
    'x.md: no generator is called "nonsense"',
  );
});
