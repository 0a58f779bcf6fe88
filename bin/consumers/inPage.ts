import { InfimmError } from "../../core/errors.ts";
import { openPage, testBrowser } from "../../golden/browser/chromium.ts";
import { checkAnswer } from "./checkAnswer.ts";

declare global {
  var result: { text: string; message: string } | undefined;
}

/** Opens a page of an app in a headless Chromium, and waits for its result. */
export async function resultInPage(url: string): Promise<string> {
  const browser = await testBrowser();
  if (!browser) throw new InfimmError("there is no browser here to run it in");
  try {
    const { page, complaints } = await openPage(browser, url);
    await page
      .waitForFunction(() => globalThis.result !== undefined, undefined, { timeout: 60_000 })
      .catch((error) => {
        throw new InfimmError(`${complaints.join("; ") || error.message}`);
      });
    const answered = checkAnswer(JSON.stringify(await page.evaluate(() => globalThis.result)));
    const serious = complaints.filter((complaint) => !/favicon|404/.test(complaint));
    if (serious.length > 0) throw new InfimmError(serious.join("; "));
    return answered;
  } finally {
    await browser.close();
  }
}
