import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";

/** Every ```ts block of README.md and the docs pages, run as its reader would run it, against this source tree. */
const pages = [
  "README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.includes("dist/"))
    .map((name) => `docs/${name}`),
];

const snippets = pages.flatMap((page) => {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)];
  return blocks.map(([, code], i) => ({ title: `${page}, block ${i + 1}`, code }));
});

/** Blocks that open the GPU are skipped, with a printed reason, on machines where there is none. */
const gpu = (await testDevice()) !== undefined;
const needsGpu = (code: string) => code.includes('openBackend("webgpu")');

/** What the code says that it prints, in its order: `console.log(x); // → 3`. A `…` is anything. */
function promised(code: string): RegExp[] {
  return [...code.matchAll(/console\.log\(.*\);\s*\/\/ → (.+)$/gm)].map(([, value]) => {
    const parts = oneLine(value).split("…");
    return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** A snippet that imports this source tree. */
function sourceOf(code: string): string {
  return code
    .replaceAll('from "infimm"', 'from "../../index.ts"')
    .replaceAll(/from "infimm\/(\w+)"/g, 'from "../../$1.ts"');
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join("docs", ".snippets-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the pages have snippets", () => expect(snippets.length).toBeGreaterThan(6));

test.for(snippets)("$title runs", async ({ title, code }, { skip }) => {
  skip(needsGpu(code) && !gpu, "it needs WebGPU");
  const file = join(folder, `${title.replace(/\W+/g, "-")}.ts`);
  await writeFile(file, `${sourceOf(code)}\nexport {};\n`);
  const out: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...words) => void out.push(format(...words)));
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean(out.push(String(text))));
  try {
    await import(/* @vite-ignore */ join(process.cwd(), file));
  } finally {
    log.mockRestore();
    write.mockRestore();
  }
  expect(out.join("").length, "it prints something").toBeGreaterThan(0);
  const printed = out.map(oneLine);
  let next = 0;
  for (const value of promised(code)) {
    const found = printed.findIndex((line, i) => i >= next && value.test(line));
    expect(found, `"${value.source}" among what is printed: ${printed.slice(next).join("\n")}`).toBeGreaterThanOrEqual(
      0,
    );
    next = found + 1;
  }
});
