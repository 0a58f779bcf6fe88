import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPage, openPage } from "../../../golden/browser/chromium.ts";
import { Assistant } from "../../../model/generate/assistant.ts";
import { modelInputs } from "../../../model/inputs.ts";
import { readPicture } from "../../../model/processor/pictures/readPicture.ts";
import { trace } from "../../../nn/trace.ts";
import { openBackend } from "../../../tensor/index.ts";
import { MODEL } from "../snapshot.tsx";
import { statistics } from "../studies/stages.ts";
import type { Known, Run } from "../worker/protocol.ts";

/** Numbers found in another place, or on another backend. */
const NEAR = 2e-3;

export interface Site {
  readonly browser: Browser;
  /** The address of its first page, in some folder of a server. */
  readonly url: string;
}

/** What the page was built with. */
export async function builtIn(page: Page): Promise<{ run: Run; known: Known }> {
  return page.evaluate(() => (globalThis as unknown as { built: { run: Run; known: Known } }).built);
}

export const isLive = (page: Page) => page.locator(".state.live").waitFor();
export const words = (page: Page) => page.locator(".word").allInnerTexts();

/** Tests of the pages with the model in them, as they stand in any folder of a server. */
export function testLive(site: () => Site): void {
  let assistant: Assistant;
  beforeAll(async () => {
    assistant = await Assistant.fromPretrained(MODEL, { backend: await openBackend("cpu") });
  });
  afterAll(() => assistant.dispose());

  async function answerInNode({ pictures: [name], question }: { pictures: readonly string[]; question: string }) {
    let answer = "";
    for await (const piece of assistant.ask(question, `${MODEL}/pictures/${name}.png`)) answer += piece;
    return answer;
  }

  describe("alive", () => {
    it("shows the numbers that a trace has in Node, before the model is there and after", async () => {
      const { browser, url } = site();
      const { page, complaints } = await openPage(browser, url);
      const { run } = await builtIn(page);
      expect(await answerInNode(run)).toBe(run.tokens.filter(({ special }) => !special).map(({ text }) => text).join("").trim()); // biome-ignore format: one line
      const image = await readPicture(`${MODEL}/pictures/${run.pictures[0]}.png`);
      const prompts = assistant.processor.apply([{ role: "user", content: [{ image }, run.question] }]);
      const ids = [...Array.from(prompts.inputIds[0]), ...run.tokens.slice(0, -1).map(({ id }) => id)];
      const inputs = modelInputs({ ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] }, assistant.model.backend); // biome-ignore format: one line
      const shown = () => page.locator(".stages li:has(.chip)").evaluateAll((all) => all.map((one) => [one.querySelector<HTMLElement>("[data-path]")!.dataset["path"]!, one.querySelector(".numbers")!.textContent])); // biome-ignore format: one line
      const atFirst = await shown();
      await page.locator('[data-state="live"] .stages').waitFor();
      for (const stages of [atFirst, await shown()]) {
        const { acts } = trace(assistant.model, inputs, { keep: stages.map(([path]) => path) });
        expect(acts.size).toBe(stages.length);
        for (const [path, numbers] of stages) {
          const { min, max, mean } = statistics((await acts.get(path)!.data()) as Float32Array);
          const [, shape, ...found] = /\[(.*)\], (\S+) … (\S+), mean (\S+)/.exec(numbers)!;
          expect(shape).toBe(acts.get(path)!.shape.join(", "));
          const scale = Math.max(Math.abs(min), Math.abs(max));
          for (const [i, value] of [min, max, mean].entries()) expect(Math.abs(Number(found[i]) - value) / scale, path).toBeLessThan(NEAR); // biome-ignore format: one line
        }
      }
      expect(complaints).toEqual([]);
      await page.close();
    });

    it("an address brings back picture, question and word; another question is answered as in Node", async () => {
      const { browser, url } = site();
      const { page, complaints } = await openPage(browser, url);
      const { known, run } = await builtIn(page);
      const name = known.pictures.find((one) => !run.pictures.includes(one))!;
      const question = known.questions.find((one) => one !== run.question)!;
      await isLive(page);
      await page.locator(".thumb").click();
      await page.locator(`.pictures img[alt="${name}"]`).click();
      await page.locator("#question").fill(question);
      await page.keyboard.press("Enter");
      const said = (await answerInNode({ pictures: [name], question })).replaceAll(" ", "");
      await page.waitForFunction((text) => [...document.querySelectorAll(".word span")].map((word) => word.textContent).join("") === text, said); // biome-ignore format: one line
      await isLive(page); // until then the button is off, and Tab goes on to a field, which takes keys for itself
      await page.keyboard.press("Tab");
      for (let i = 0; i < said.length; i++) await page.keyboard.press("["); // to the first word, whichever was chosen
      await page.keyboard.press("]");
      await page.waitForFunction(() => location.hash === "#w=1");
      expect(new URL(page.url()).searchParams.getAll("p")).toEqual([name]);
      await page.reload();
      await isLive(page);
      expect((await words(page)).join("").replaceAll(/\s/g, "")).toBe(said);
      expect(await page.locator(".word :checked").evaluate((input) => input.closest("label")!.parentElement!.querySelectorAll("label")[1] === input.closest("label"))).toBe(true); // biome-ignore format: one line
      expect(complaints).toEqual([]);
      await page.close();
    });

    it("a reader's own picture goes with the address, and leaves for nowhere", async () => {
      const { browser, url } = site();
      const { page, complaints } = await openPage(browser, url);
      const { known, run } = await builtIn(page);
      const name = known.pictures.find((one) => !run.pictures.includes(one))!;
      const elsewhere: string[] = [];
      page.on("request", (request) => (request.method() === "GET" ? 0 : elsewhere.push(request.url())));
      await isLive(page);
      await page.locator(".sheet input[type=file]").setInputFiles({ name: "mine.png", mimeType: "image/png", buffer: await readFile(`${MODEL}/pictures/${name}.png`) }); // biome-ignore format: one line
      await page.waitForFunction(() => location.search.startsWith("?p=i%3A"));
      await isLive(page);
      const here = await words(page);
      expect(here.join("").length).toBeGreaterThan(2);
      const address = page.url();
      expect(address.length).toBeLessThan(10_000);
      await page.goto("about:blank");
      await page.goto(address);
      await isLive(page);
      expect(await words(page)).toEqual(here);
      await page.locator(".sheet input[type=file]").setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("hello") }); // biome-ignore format: one line
      await page.locator(".sheet [role=alert]").waitFor();
      expect(await page.locator(".sheet [role=alert]").textContent()).toContain("no.png");
      expect(elsewhere).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    });

    it("says why the model is not there, keeps the page as it was built, and tries again", async () => {
      const { browser, url } = site();
      const page = await newPage(browser);
      let fails = true;
      await page.route("**/model.safetensors", (route) => (fails ? route.fulfill({ status: 503 }) : route.continue()));
      await page.goto(url);
      const before = await words(page);
      await page.locator(".state.failed").waitFor();
      expect(await page.locator(".state").textContent()).toMatch(/model.safetensors.*503/);
      expect(await words(page)).toEqual(before);
      fails = false;
      await page.locator(".state button").click();
      await isLive(page);
      expect(await words(page)).toEqual(before);
      await page.close();
    });

    it("is used by keyboard alone, and focus is never lost", async () => {
      const { browser, url } = site();
      const { page } = await openPage(browser, url);
      await isLive(page);
      const focused = () => page.evaluate(() => document.activeElement?.className || document.activeElement?.tagName);
      const seen: (string | undefined)[] = [];
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press("Tab");
        seen.push(await focused());
      }
      expect(seen).toContain("thumb");
      expect(seen).not.toContain("BODY");
      await page.locator(".word :checked").focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.locator(".word :checked").evaluate((input) => input === document.activeElement)).toBe(true);
      await page.keyboard.press("?");
      expect(await page.locator("dialog[open] h2").textContent()).toBe("Keys");
      await page.keyboard.press("Escape");
      expect(await focused()).not.toBe("BODY");
      await page.close();
    });
  });
}
