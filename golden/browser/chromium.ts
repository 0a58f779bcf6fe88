import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { softwareBrowser } from "../../backends/webgpu/device/softwareAdapter.ts";

/** SwiftShader is Chromium's software GPU: without the flags, `navigator.gpu` is there and gives no adapter. */
const FLAGS = [
  "--no-sandbox",
  "--no-zygote",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * A real headless Chromium from npm packages alone, as the variable WEBGPU says: `off`: none; `require` (CI): throws
 * where it cannot be had; `auto` (the default): none, and one printed line with the cause and the cure.
 */
export async function testBrowser(): Promise<Browser | undefined> {
  const wish = process.env["WEBGPU"] ?? "auto";
  if (wish === "off") return undefined;
  try {
    const { executable, env } = softwareBrowser();
    const { chromium } = await import("playwright-core");
    return await chromium.launch({
      executablePath: executable,
      headless: true,
      args: FLAGS,
      env: { ...(process.env as Record<string, string>), ...env },
    });
  } catch (error) {
    if (wish === "require") throw error;
    const cause = error instanceof Error ? error.message.split("\n")[0] : error;
    console.warn(`browser tests are skipped: ${cause}. They need Linux on x64 and: npm ci`);
    return undefined;
  }
}

/** Milliseconds for a page to become as a test expects it: nearly all that the test has, for the machine may be busy. */
const PATIENCE = 110_000;

/** A new page in a context of its own, which is closed with it. */
export async function newPage(browser: Browser, options?: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(PATIENCE);
  return page;
}

/**
 * A new page, and what went wrong in it so far: uncaught errors, and whatever the console calls an error.
 * @param before runs in the page before its own scripts
 */
export async function openPage(
  browser: Browser,
  url: string,
  before?: () => void,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await newPage(browser);
  if (before) await page.addInitScript(before);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  await page.goto(url);
  return { page, complaints };
}
