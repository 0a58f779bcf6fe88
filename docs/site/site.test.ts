import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPage, testBrowser } from "../../golden/browser/chromium.ts";
import { type Served, serve } from "../../golden/browser/serve.ts";
import { buildSite } from "./build.ts";
import { anchorOf, colourRules, renderMarkdown } from "./markdown.ts";
import { sitePages } from "./pages.ts";
import { testBench } from "./test/bench.ts";
import { testLabs } from "./test/labs.ts";
import { isLive, testLive } from "./test/live.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-site-"));
const pages = sitePages();
const labs = pages.filter(({ file }) => file.startsWith("docs/labs/")).map(({ address }) => address);
const read = (address: string) => readFileSync(join(folder, address, "index.html"), "utf8");

beforeAll(() => buildSite(folder), 900_000); // it runs every study once
afterAll(() => rmSync(folder, { recursive: true }));

it("has a page for each page of the docs", () => {
  const docs = readdirSync("docs").filter((name) => name.endsWith(".md"));
  const missing = docs.filter((name) => !pages.some(({ file }) => file === `docs/${name}`));
  expect(missing, "the table in docs/README.md names them all").toEqual([]);
});

it("every link leads somewhere, and every anchor is there", () => {
  const broken: string[] = [];
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("index.html"));
  expect(all.length).toBeGreaterThan(2 * pages.length); // sources too
  for (const file of all) {
    const html = readFileSync(join(folder, file), "utf8");
    for (const [, href] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
      if (/^(https?:|data:)/.test(href)) continue;
      const [path, anchor] = href.split("#");
      const target = path === "" ? file : join(file, "..", path);
      const at = join(folder, target.endsWith(".html") || /\.\w+$/.test(target) ? target : join(target, "index.html"));
      const known = existsSync(at) && (!anchor || readFileSync(at, "utf8").includes(`id="${anchor}"`));
      if (!known) broken.push(`${file}: ${href}`);
    }
  }
  expect(broken).toEqual([]);
});

it("loads nothing from elsewhere, and says so to the browser", () => {
  for (const { address } of pages) {
    const html = read(address);
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<(?:script|link|img)[^>]*(?:src|href)="https?:/g)).toBeNull();
  }
});

it("renders formulas, code in two schemes, figures and anchors as GitHub names them", async () => {
  const page = await renderMarkdown(
    "# A `b`\n\n$x^2$ costs $5\n\n```ts\nconst a = 1;\n```\n\n## Two, three\n",
    (href) => href,
  );
  expect(page.html).toContain("<math>");
  expect(page.html).toContain("costs $5");
  const [, colour] = /<i class="(c\d+)">const<\/i>/.exec(page.html)!;
  expect(colourRules()).toContain(`.code .${colour}{color:light-dark(#`);
  expect(page.html.replaceAll(/<[^>]*>/g, "")).toContain("const a = 1;");
  expect(page.html).not.toContain("```");
  expect(page.headings).toEqual([{ id: "two-three", text: "Two, three" }]);
  expect(anchorOf("What is `<image>`?")).toBe("what-is-image");
});

it("is small: scripts and pages before anything is chosen, and the worker, within their budgets", () => {
  const size = (file: string) => gzipSync(readFileSync(join(folder, file))).length;
  /** A script with all that it imports at once; what it may import later does not count. */
  const withImports = (file: string, seen = new Set<string>()): number => {
    if (seen.has(file)) return 0;
    seen.add(file);
    const imports = [...readFileSync(join(folder, file), "utf8").matchAll(/(?:^|[;}])(?:import|export)[^;(]*?["'](\.[^"']+)["']/g)]; // biome-ignore format: one line
    return size(file) + imports.reduce((sum, [, path]) => sum + withImports(join(file, "..", path), seen), 0);
  };
  const worker = readdirSync(join(folder, "scripts")).find((name) => /^worker-.*\.js$/.test(name))!;
  expect(withImports("site.js")).toBeLessThan(30_000);
  expect(withImports(`scripts/${worker}`)).toBeLessThan(145_000);
  expect(readdirSync(join(folder, "scripts")).filter((name) => /^worker-.*\.js$/.test(name))).toHaveLength(1); // benches have the same
  expect(readFileSync(join(folder, "site.js"), "utf8")).not.toContain("WebAssembly");
  for (const address of labs) expect(size(join(address, "index.html")), address).toBeLessThan(40_000);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  expect(bytes).toBeLessThan(15e6);
});

const browser = await testBrowser();
describe.skipIf(!browser)("in a real browser", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({ "": folder, a: folder }, false); // from any folder
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  testLive(() => ({ browser: browser!, url: `${served.url}/a/` }));
  testLabs(() => ({ browser: browser!, url: `${served.url}/a/` }));
  testBench(() => ({ browser: browser!, url: `${served.url}/a/` }));

  it.each([320, 390, 768, 1440])(
    "reads without JavaScript, at %i pixels, with nothing beyond the edge",
    async (width) => {
      const page = await newPage(browser!, { javaScriptEnabled: false, viewport: { width, height: 900 } });
      const outside: string[] = [];
      page.on("request", (request) => request.url().startsWith(served.url) || request.url().startsWith("data:") || outside.push(request.url())); // biome-ignore format: one line
      for (const address of [...labs, "read/4-cross-attention/", "reference/asking/"]) {
        await page.goto(`${served.url}/a/${address}`);
        expect(await page.locator("h1").count()).toBe(1);
        if (labs.includes(address))
          expect(await page.locator("figure[data-widget]").first().textContent()).toMatch(/\d/);
        const widest = await page.locator("html").evaluate((html) => html.scrollWidth);
        expect(widest, address).toBeLessThanOrEqual(width);
      }
      expect(await page.locator("main .code").count()).toBeGreaterThan(3);
      expect(outside).toEqual([]);
      await page.close();
    },
  );

  it.each([
    ["light", 1440],
    ["dark", 390],
  ] as const)(
    "has no axe violation, %s at %i pixels: labs alive, a line chosen, the sheet of pictures open",
    async (colorScheme, width) => {
      const viewport = { width, height: 900 };
      const page = await newPage(browser!, { colorScheme, viewport, bypassCSP: true }); // axe is put into the page
      const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
      const violations = () =>
        page.evaluate(async () => {
          const { axe: checker } = globalThis as unknown as { axe: typeof import("axe-core") };
          const { violations: found } = await checker.run();
          return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html }) => html.slice(0, 150)).join(" | ")}`); // biome-ignore format: one line
        });
      for (const address of [
        ...labs,
        "read/4-cross-attention/",
        "read/6-tensors/",
        "reference/asking/",
        "reference/bench/",
      ]) {
        // biome-ignore format: one line
        await page.goto(`${served.url}/a/${address}`);
        if (labs.includes(address)) await isLive(page);
        if (address === "read/4-cross-attention/") {
          await page.locator("[data-line]").first().focus();
          await page.locator("section.strip").waitFor();
        }
        await page.addScriptTag({ path: axe });
        expect(await violations(), address).toEqual([]);
      }
      await page.locator(".thumb").click();
      expect(await violations(), "the sheet of pictures").toEqual([]);
      await page.close();
    },
  );
});
