import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openPage, testBrowser } from "../../../golden/browser/chromium.ts";
import { bootstrapInterval } from "../bootstrap.ts";
import { DEFAULT_SETTINGS } from "../generateItems.ts";
import { NO_JUDGE } from "../judges/none.ts";
import { MAKERS } from "../made.fixture.ts";
import { scorePredictions } from "../scoreRun.ts";
import { taskNamed } from "../tasks/index.ts";
import { reportPage } from "./reportPage.ts";

const browser = await testBrowser();
const root = mkdtempSync(join(tmpdir(), "infimm-report-"));
afterAll(async () => {
  rmSync(root, { recursive: true });
  await browser?.close();
});

/** Two programs' answers to the made GQA, one better than the other, and one to MME. */
async function runs(): Promise<string[]> {
  const folders: string[] = [];
  for (const [i, answer] of ["no", "<b>yes</b> & no"].entries()) {
    const data = join(root, `gqa-${i}`);
    mkdirSync(data);
    MAKERS["gqa"](data);
    const answers = Array.from({ length: 10 }, (_, k) => ({ id: `q${k}`, answer: k < 5 ? answer : "yes" }));
    const predictions = join(root, `gqa-${i}.json`);
    writeFileSync(predictions, JSON.stringify(answers));
    folders.push(join(root, `run-${i}`));
    await scorePredictions(folders[i], {
      task: taskNamed("gqa"),
      data,
      predictions,
      judge: NO_JUDGE,
      settings: DEFAULT_SETTINGS_OF_GQA,
    });
  }
  return folders;
}
const DEFAULT_SETTINGS_OF_GQA = { ...DEFAULT_SETTINGS, split: "testdev" };

it("an interval holds the mean, and a constant has none", () => {
  expect(bootstrapInterval([{ value: 5 }, { value: 5 }])).toEqual([5, 5]);
  const [low, high] = bootstrapInterval(Array.from({ length: 100 }, (_, i) => ({ value: i < 30 ? 1 : 0 })));
  expect(low).toBeGreaterThan(0.2);
  expect(low).toBeLessThan(0.26);
  expect(high).toBeGreaterThan(0.34);
  expect(high).toBeLessThan(0.4);
  const strata = ["a", "b"].flatMap((stratum) => [1, 2].map(() => ({ value: 1, stratum })));
  expect(bootstrapInterval(strata)).toEqual([2, 2]);
});

it("refuses what is not scored", async () => {
  const folder = join(root, "empty");
  mkdirSync(folder);
  await expect(reportPage([folder])).rejects.toThrow(/no items.jsonl/);
});

describe.skipIf(!browser)("the page in a browser", () => {
  it("shows results, changes and items at three widths, asks nothing of anybody, and axe finds no fault", async () => {
    const html = await reportPage(await runs());
    expect(html).not.toContain("<b>yes</b>"); // answers are shown, not run
    const path = join(root, "report.html");
    writeFileSync(path, html);
    const { page, complaints } = await openPage(browser!, "about:blank");
    const requests: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith("data:")) requests.push(request.url());
    });
    const address = pathToFileURL(path).href;
    await page.goto(address);
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      if (process.env["REPORT_SHOTS"])
        await page.screenshot({ path: join(process.env["REPORT_SHOTS"], `${width}.png`) });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `at ${width} pixels`).toBeLessThanOrEqual(0);
    }
    await page.evaluate(axe);
    const faults = await page.evaluate(async () => {
      const found = await (
        globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
      ).axe.run();
      return found.violations.map(({ id }) => id);
    });
    expect(faults).toEqual([]);
    // biome-ignore lint/performance/useDomNodeTextContent: what a reader sees
    const text = await page.locator("main").innerText();
    for (const shown of ["60.00", "30.00", "0 items are better, 3 worse"]) expect(text).toContain(shown);
    await page.locator("#filter").fill("q3");
    expect(await page.locator(".item:visible").count()).toBe(2);
    expect(await page.locator("#shown").textContent()).toMatch(/^2 of \d+ items$/);
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
  });
});
