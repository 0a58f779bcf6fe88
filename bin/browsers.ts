import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, firefox, webkit } from "playwright-core";
import { build } from "vite";
import { InfimmError } from "../core/errors.ts";
import { openPage, testBrowser } from "../golden/browser/chromium.ts";
import { serve } from "../golden/browser/serve.ts";
import { Assistant } from "../model/generate/assistant.ts";
import "../backends/registerOwn.ts";

/**
 * `npm run browsers [-- chromium firefox webkit]`: builds the page, and asks in each browser what is asked of the same
 * model here: on the page's own choice of a backend and on `cpu`, with threads (cross-origin isolated) and without.
 * Firefox and WebKit are Playwright's: `npx playwright-core install --with-deps firefox webkit`.
 */
const BROWSERS: Readonly<Record<string, () => Promise<Browser | undefined>>> = {
  chromium: testBrowser,
  firefox: () => firefox.launch(),
  webkit: () => webkit.launch(),
};
const MODEL = resolve("model/infimm-tiny");
const PICTURE = join(MODEL, "pictures/pets.png");
const QUESTION = "How many dogs are there?";

const named = process.argv.slice(2);
const unknown = named.find((name) => !(name in BROWSERS));
if (unknown !== undefined) throw new InfimmError(`there is no browser ${unknown}, but ${Object.keys(BROWSERS).join(", ")}`); // biome-ignore format: one line
const folder = mkdtempSync(join(tmpdir(), "infimm-browsers-"));
let failed = 0;
try {
  await build({ configFile: resolve("docs/page/vite.config.ts"), logLevel: "error", build: { outDir: folder } });
  const expected = await answerHere();
  for (const name of named.length > 0 ? named : Object.keys(BROWSERS)) {
    const browser = await BROWSERS[name]();
    if (!browser) throw new InfimmError(`${name} cannot be started here`);
    for (const isolated of [true, false]) {
      const how = `${name} ${browser.version()}, ${isolated ? "isolated" : "not isolated"}`;
      const wrong = await check(browser, isolated, expected).catch((error: Error) => [error.message]);
      if (wrong.length > 0) failed++;
      console.log(wrong.length > 0 ? `FAIL  ${how}: ${wrong.join("; ")}` : `ok    ${how}: ${expected}`);
    }
    await browser.close();
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed > 0 ? 1 : 0;

async function answerHere(): Promise<string> {
  using assistant = await Assistant.fromPretrained(MODEL);
  let text = "";
  for await (const piece of assistant.ask(QUESTION, [PICTURE])) text += piece;
  return text;
}

/** What is wrong with the page's answers; nothing if they are as expected. */
async function check(browser: Browser, isolated: boolean, expected: string): Promise<string[]> {
  const served = await serve({ "": folder }, isolated);
  try {
    const { page, complaints } = await openPage(browser, served.url);
    const status = (pattern: string) =>
      page.waitForFunction((p) => new RegExp(p).test(document.getElementById("status")!.textContent), pattern);
    const wrong: string[] = [];
    if ((await page.evaluate(() => globalThis.crossOriginIsolated)) !== isolated) wrong.push(`isolation is not ${isolated}`); // biome-ignore format: one line
    await status("^Ready$");
    const chosen = await page.locator("#backend").inputValue();
    for (const backend of new Set([chosen, "cpu"])) {
      if (backend !== chosen) await page.locator("#backend").selectOption(backend);
      await status("^Ready$");
      await page.locator("#file").setInputFiles(PICTURE);
      await page.waitForFunction(() => document.querySelector<HTMLImageElement>("#picture")!.alt === "pets.png");
      await page.locator("#question").fill(QUESTION);
      await page.locator("#question").press("Enter");
      await status("^(Done|Something)");
      const answer = await page.locator("#answer").textContent();
      if (answer !== expected) wrong.push(`${backend} answers ${answer}, not ${expected}`);
    }
    await page.close();
    return [...wrong, ...complaints.filter((one) => one.startsWith("uncaught"))];
  } finally {
    await served.close();
  }
}
