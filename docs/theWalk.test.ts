import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A first-time reader's way: the files of the-walk.md, and the function in each. */
const page = readFileSync("docs/the-walk.md", "utf8");
const steps = [...page.matchAll(/^\| (\d+) \| \[([^\]]+)\]\(\.\.\/([^)]+)\) \| `(\w+)`/gm)].map(
  ([, number, shown, path, name]) => ({ number: Number(number), shown, path, name, text: readFileSync(path, "utf8") }),
);

test("the walk from bin/ask.ts to a kernel is at most 35 files, no one twice", () => {
  expect(steps[0].path).toBe("bin/ask.ts");
  expect(steps.at(-1)!.path).toMatch(/^backends\/wasm\/kernels\//);
  expect(steps.map(({ number }) => number)).toEqual(steps.map((_, i) => i + 1));
  expect(new Set(steps.map(({ path }) => path)).size).toBe(steps.length);
  expect(steps.length).toBeLessThanOrEqual(35);
  expect(steps.length).toBeGreaterThan(25);
});

test("the strict count has the files that the page names before its table, each asked for by another", () => {
  const also = [...page.slice(0, page.indexOf("| | file |")).matchAll(/\[`(\w+)`\]\(\.\.\/([^)]+)\)/g)].map(
    ([, name, path]) => ({ name, path, text: readFileSync(path, "utf8") }),
  );
  expect(page).toContain(`${also.length} files that do\nnothing of their own`);
  expect(page).toContain(`the walk is ${steps.length + also.length} files long`);
  const all = [...steps, ...also];
  expect(new Set(all.map(({ path }) => path)).size).toBe(all.length);
  for (const { name, path, text } of also) {
    expect(text, path).toMatch(new RegExp(`export (async )?(function|class|const) ${name}\\b`));
    expect(
      all.some((file) => file.path !== path && new RegExp(`\\b${name}\\b`).test(file.text)),
      name,
    ).toBe(true);
  }
});

test.each(steps)(
  "$number: $name stands in $path, and a file before it asks for it",
  ({ number, shown, path, name, text }) => {
    expect(shown).toBe(path);
    expect(text).toMatch(new RegExp(`(function\\*?|class|const) ${name}\\b|^  (async )?\\*?${name}(<.*>)?\\(`, "m"));
    const asks = new RegExp(`\\b${name}\\b|\\b(await|yield\\*) this\\.#?${name}\\b`);
    if (number > 1) expect(steps.slice(0, number - 1).some((before) => asks.test(before.text))).toBe(true);
  },
);
