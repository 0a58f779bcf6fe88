import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Allowances } from "../../backends/conformance/cases.ts";
import { openPage, testBrowser } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";

declare global {
  var checks: typeof import("./checks.ts").checks;
}

const browser = await testBrowser();

describe.skipIf(!browser)("in a real browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "infimm-browser-"));
  beforeAll(async () => {
    // minified, as it would be shipped: minifiers change what gpu.js would make of functions
    await build({
      configFile: false,
      root: import.meta.dirname,
      logLevel: "error",
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

  describe.each([true, false])("cross-origin isolated: %s", (isolated) => {
    let served: Served;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      served = await serve({ "": folder, fixtures: "golden/fixtures", tiny: "model/infimm-tiny" }, isolated);
      ({ page, complaints } = await openPage(browser!, `${served.url}/checks.html`));
      await page.waitForFunction(() => "checks" in globalThis);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    });
    afterAll(async () => {
      await page?.close();
      await served?.close();
    });

    it.each<[string, Allowances]>([
      ["cpu", {}],
      ["gpujs webgl2", {}],
    ])("%s conforms", async (name, allowances) => {
      const outcome = await page.evaluate(([n, a]) => checks.conformance(n, a), [name, allowances] as const);
      expect(outcome.failures).toEqual([]);
      expect(outcome.passed).toBeGreaterThan(90);
      expect(complaints).toEqual([]);
    });
  });
});
