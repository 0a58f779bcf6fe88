import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partOfSuite, type SuitePart } from "../../backends/conformance/cases.ts";
import { openPage, testBrowser } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";

declare global {
  var checks: typeof import("./checks.ts").checks;
}

const browser = await testBrowser();
const FOLDERS = { fixtures: "golden/fixtures", tiny: "model/infimm-tiny" };

/** What one page checks. */
export interface BrowserRun {
  /** Whether the page is cross-origin isolated: without it there are no threads. */
  readonly isolated: boolean;
  /** The backends whose conformance is checked, by the names in checks.ts, and on which cases. */
  readonly conforming: readonly (readonly [backend: string, part: SuitePart])[];
  /** A backend, and a golden set. */
  readonly goldens: readonly (readonly [backend: string, set: string])[];
}

/** Declare checks in a real browser as vitest tests. */
export function inBrowser(runs: readonly BrowserRun[]): void {
  describe.skipIf(!browser)("in a real browser", () => {
    const folder = mkdtempSync(join(tmpdir(), "infimm-browser-"));
    beforeAll(async () => {
      // minified, as it would be shipped: minifiers change what gpu.js would make of functions
      await build({
        configFile: false,
        root: import.meta.dirname,
        logLevel: "error",
        worker: { format: "es" }, // it loads parts of itself when they are needed
        build: {
          outDir: folder,
          emptyOutDir: true,
          rolldownOptions: { input: resolve(import.meta.dirname, "checks.html") },
        },
      });
    });
    afterAll(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true });
    });

    it("hears what goes wrong in a page", async () => {
      const served = await serve({ "": folder }, false);
      const { page, complaints } = await openPage(browser!, `${served.url}/checks.html`, () => {
        console.error("said");
        setTimeout(() => {
          throw new Error("thrown");
        });
      });
      await page.waitForFunction(() => "checks" in globalThis);
      expect(complaints.sort()).toEqual(["console: said", "uncaught: thrown"]);
      await page.close();
      await served.close();
    });

    describe.each(runs)("cross-origin isolated: $isolated", (run) => inPage(folder, run));
  });
}

/** Declare one page's checks. */
function inPage(folder: string, { isolated, conforming, goldens }: BrowserRun): void {
  let served: Served;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    served = await serve({ "": folder, ...FOLDERS }, isolated);
    ({ page, complaints } = await openPage(browser!, `${served.url}/checks.html`));
    await page.waitForFunction(() => "checks" in globalThis);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
  });
  afterAll(async () => {
    await page?.close();
    await served?.close();
  });

  it("reads pictures of every kind as Pillow does", async () => {
    const outcome = await page.evaluate(() => checks.pictures("/fixtures/pictures"));
    expect(outcome.failures).toEqual([]);
    expect(outcome.passed).toBeGreaterThan(50);
    expect(complaints).toEqual([]);
  });

  it("reads what a page can draw as the file that it came from", async () => {
    const outcome = await page.evaluate(() => checks.drawn("/tiny/pictures/dog.png"));
    expect(outcome).toEqual({ passed: 10, failures: [] });
    expect(complaints).toEqual([]);
  });

  it("an assistant in a worker answers as one in the page", async () => {
    const outcome = await page.evaluate(() => checks.inWorker("./tiny", "tiny/pictures/dog.png"));
    expect(outcome).toEqual({ passed: 3, failures: [] });
    expect(complaints).toEqual([]);
  });

  it.each(conforming)("%s conforms: %s cases", async (...[name, part]) => {
    const outcome = await page.evaluate(([n, p]) => checks.conformance(n, p), [name, part] as const);
    expect(outcome.failures).toEqual([]);
    expect(outcome.passed).toBe(partOfSuite(part).length);
    expect(outcome.passed).toBeGreaterThan(part === "large" ? 1 : 15);
    expect(complaints).toEqual([]);
  });

  it.each(goldens)("%s: %s equals PyTorch", async (...golden) => {
    const outcome = await page.evaluate(([name, set]) => checks.golden(name, set), golden);
    expect(outcome.failures).toEqual([]);
    expect(outcome.passed).toBeGreaterThan(100);
    expect(complaints).toEqual([]);
  });
}
