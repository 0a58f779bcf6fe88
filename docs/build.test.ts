import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { buildPage, readPages } from "./build.ts";

const pages = await readPages();

// The shapes on the pages come from instrumented sources, which only the test runner has: so `npm run docs` is this
// test, told to write.
const write = process.env.DOCS === "write";

test.each([...pages.keys()])("%s shows what the code does now", async (path) => {
  const text = pages.get(path)!;
  const built = await buildPage(text, path);
  if (write) await writeFile(path, built);
  else expect(built, "npm run docs makes it anew").toBe(text);
});

test("an unknown generator is refused by name", async () => {
  await expect(buildPage("<!-- generated: nonsense -->\n<!-- end -->", "x.md")).rejects.toThrow(
    'x.md: no generator is called "nonsense"',
  );
});
