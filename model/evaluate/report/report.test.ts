import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openPage, testBrowser } from "../../../golden/browser/chromium.ts";
import { bootstrapInterval } from "../bootstrap.ts";
import { Assistant } from "../../generate/assistant.ts";
import { DEFAULT_SETTINGS, generateItems } from "../generateItems.ts";
import { NO_JUDGE } from "../judges/none.ts";
import { MAKERS } from "../made.fixture.ts";
import { scorePredictions, scoreRun } from "../scoreRun.ts";
import { trialFolder } from "../trials.ts";
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

/** What infimm-tiny says to one question. */
async function ownRun(): Promise<string> {
  const [data, out] = [join(root, "gqa-0"), join(root, "own")];
  const names = { model: MODEL, dtype: "as stored", backend: "wasm", version: "test" };
  const assistant = await Assistant.fromPretrained(MODEL);
  const settings = { ...DEFAULT_SETTINGS_OF_GQA, limit: 1 };
  await generateItems({ task: taskNamed("gqa"), data, assistant, out, settings, ...names });
  await scoreRun(out, { judge: NO_JUDGE });
  return out;
}

/** A folder with two runs of other seeds. */
async function trials(): Promise<string[]> {
  const [data, out] = [join(root, "vqa"), join(root, "trials")];
  mkdirSync(data);
  MAKERS["vqav2"](data);
  const predictions = join(root, "vqa.json");
  for (const seed of [7, 8]) {
    const answers = Array.from({ length: 10 }, (_, k) => ({ question_id: 1000 + k, answer: k < seed ? "one" : "2" }));
    writeFileSync(predictions, JSON.stringify(answers));
    const settings = { split: "val2014", seed };
    const options = { task: taskNamed("vqav2"), data, predictions, judge: NO_JUDGE, settings };
    await scorePredictions(trialFolder(out, seed), options);
  }
  return [out];
}
const MODEL = join(import.meta.dirname, "../../infimm-tiny");
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
    const looked: number[] = [];
    const load = () => Assistant.fromPretrained(MODEL);
    const onProgress = (done: number, total: number) => looked.push(done, total);
    const html = await reportPage([...(await runs()), await ownRun(), ...(await trials())], { count: 1, load, onProgress }); // biome-ignore format: one line
    expect(looked).toEqual([1, 1]);
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
    await page.evaluate(axe);
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const shots = process.env["REPORT_SHOTS"];
      if (shots) await page.screenshot({ path: join(shots, `${width}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `at ${width} pixels`).toBeLessThanOrEqual(0);
      const faults = await page.evaluate(async () => {
        const found = await (
          globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
        ).axe.run();
        return found.violations.map(({ id }) => id);
      });
      expect(faults, `at ${width} pixels`).toEqual([]);
    }
    // biome-ignore lint/performance/useDomNodeTextContent: what a reader sees
    const text = await page.locator("main").innerText();
    for (const shown of ["60.00", "30.00", "0 items are better, 3 worse"]) expect(text).toContain(shown);
    expect(text).toContain("vqav2: 2 trials, seeds 7, 8");
    expect(text.match(/Where the model looked is not shown: these are another program's answers/g)).toHaveLength(4);
    const words = page.locator(".looks figure");
    expect(await words.count()).toBeGreaterThan(0);
    const alt = "most in picture 1, row \\d, column \\d";
    for (const [i, kind] of ["attention", "dependence"].entries()) {
      const picture = words.first().locator("img").nth(i);
      expect(await picture.getAttribute("alt")).toMatch(new RegExp(`: ${kind}, ${alt}`));
      expect(await picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(96);
    }
    await page.locator("#filter").fill("q3");
    expect(await page.locator(".item:visible").count()).toBe(2);
    expect(await page.locator("#shown").textContent()).toMatch(/^2 of \d+ items$/);
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
  });
});
