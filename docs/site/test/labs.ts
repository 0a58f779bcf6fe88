import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPage } from "../../../golden/browser/chromium.ts";
import { Assistant } from "../../../model/generate/assistant.ts";
import { readPicture } from "../../../model/processor/pictures/readPicture.ts";
import { withLatents } from "../../../model/study/latents.ts";
import { lens } from "../../../model/study/lens.ts";
import { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import { patched } from "../../../nn/patch.ts";
import { traced } from "../../../nn/trace.ts";
import { compute, fromData, openBackend } from "../../../tensor/index.ts";
import { SPRITE_NAMES } from "../../../model/train/world/sprites.ts";
import { parseScene } from "../scene.ts";
import { MODEL } from "../snapshot.tsx";
import { statistics } from "../studies/stages.ts";
import { drawScene } from "../worker/drawScene.ts";
import { builtIn, type Site } from "./live.ts";

/** Numbers on another backend. */
const NEAR = 2e-3;

/** All figures show what was found here, but for those that wait to be asked. */
async function allLive(page: Page): Promise<void> {
  for (const figure of await page.locator('figure[data-widget]:not([data-widget="training"])').all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('[data-state="live"]').waitFor();
  }
}

/** The address, once it is like this. */
async function addressOf(page: Page, pattern: RegExp): Promise<string> {
  await page.waitForFunction((source) => new RegExp(source).test(location.search), pattern.source);
  await page.locator(".state.live").waitFor();
  return page.url();
}

/** The figures of the labs, each against its definition, in Node on another backend. */
export function testLabs(site: () => Site): void {
  let assistant: Assistant;
  let study: StudiedAnswer;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    assistant = await Assistant.fromPretrained(MODEL, { backend: await openBackend("cpu") });
    const first = await openPage(site().browser, site().url);
    const { run } = await builtIn(first.page);
    await first.page.close();
    const image = await readPicture(`${MODEL}/pictures/${run.pictures[0]}.png`);
    study = await StudiedAnswer.of(assistant, [{ role: "user", content: [{ image }, run.question] }]);
  });
  afterAll(() => assistant.dispose());

  async function open(lab: string): Promise<void> {
    ({ page, complaints } = await openPage(site().browser, `${site().url}labs/${lab}/`));
    await allLive(page);
  }
  async function close(): Promise<void> {
    expect(complaints).toEqual([]);
    await page.close();
  }
  const answerOf = (ids: readonly { text: string; special: boolean }[]) =>
    ids.map(({ text, special }) => (special ? "" : text)).join("").trim(); // biome-ignore format: one line

  /** Log-probability of a token when the square of 3 round a patch has what is in the corners. */
  async function without(patch: number, token: number): Promise<number> {
    const [, , v, w] = study.visionFeatures.shape;
    const grid = Math.sqrt(v - 1);
    const seen = Float32Array.from(await study.visionFeatures.data());
    const corners = [0, grid - 1, grid * (grid - 1), grid * grid - 1];
    const fill = Array.from({ length: w }, (_, c) => corners.reduce((sum, at) => sum + seen[(at + 1) * w + c], 0) / 4);
    for (let at = 0; at < grid * grid; at++) {
      const far = Math.max(Math.abs(Math.floor(at / grid) - Math.floor(patch / grid)), Math.abs((at % grid) - (patch % grid))); // biome-ignore format: one line
      if (far <= 1) seen.set(fill, (at + 1) * w);
    }
    const features = fromData(seen, [1, 1, v, w], "f32", study.model.backend);
    return (await compute(() => study.logProbs(study.resample(features))))[token];
  }

  describe("labs", () => {
    it("where: nats of the table are what hiding a square takes away", async () => {
      await open("where");
      const { chosen, table } = await page.evaluate(() => ({
        chosen: [...document.querySelectorAll(".words input")].findIndex(
          (input) => (input as HTMLInputElement).checked,
        ),
        table: [...document.querySelectorAll(".numbers-table tbody td")].map(({ textContent }) => Number(textContent)),
      }));
      const whole = (await compute(() => study.logProbs(study.media)))[chosen];
      const peak = table.indexOf(Math.max(...table));
      expect(await page.locator(".two .accent + p").textContent()).toMatch(/row|no place/);
      for (const patch of [peak, 0]) expect(Math.abs(whole - (await without(patch, chosen)) - table[patch])).toBeLessThan(0.006 + NEAR); // biome-ignore format: one line
      await page.locator(".multiples button").first().click();
      expect(await page.locator(".word :checked").evaluate((input) => input.closest("label") === document.querySelector(".word"))).toBe(true); // biome-ignore format: one line
      await close();
    });

    it("hide: all patches away, the picture is gone; by keys alone", async () => {
      await open("where");
      const said = () => page.locator('[data-widget="hide"] .said').allTextContents();
      expect(await said()).toEqual([answerOf(study.tokens)]);
      const first = page.locator(".patches button").first();
      await first.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
      expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
        "Hide row 2, column 1",
      );
      await page.evaluate(() => {
        for (const button of document.querySelectorAll<HTMLElement>('.patches button[aria-pressed="false"]'))
          button.click();
      });
      await page.waitForFunction(() => /Without (\d+) of \1 /.test(document.querySelector('[data-widget="hide"]')!.textContent)); // biome-ignore format: one line
      const corners = await page.locator('[data-widget="hide"] .said').last().textContent();
      expect(corners).not.toBe(answerOf(study.tokens));
      await close();
    });

    it("lens: rungs with and without the picture are the library's", async () => {
      await open("lens");
      const chosen = await page.evaluate(() => [...document.querySelectorAll(".words input")].findIndex((input) => (input as HTMLInputElement).checked)); // biome-ignore format: one line
      const shown = await page.locator(".ladder tbody tr").evaluateAll((rows) => rows.map((row) => [row.querySelector<HTMLElement>("[data-path]")!.dataset["path"], ...[...row.querySelectorAll(".rung")].map((rung) => (rung.firstElementChild as HTMLElement).title)])); // biome-ignore format: one line
      const [seeing, blind] = [await lens(study), await lens(study, { pictures: false })];
      expect(shown.map(([path]) => path)).toEqual(seeing.map(({ path }) => path));
      for (const [i, [, ...titles]] of shown.entries()) {
        for (const [side, title] of [seeing, blind].map(
          (rungs, k) => [rungs[i].tokens[chosen].top[0], titles[k]] as const,
        )) {
          // biome-ignore format: one line
          const [, text, percent] = /^(.*): ([\d.]+) %$/.exec(title!)!;
          expect(text).toBe(side.text.trim());
          expect(Math.abs(Number(percent) / 100 - side.probability)).toBeLessThan(0.0005 + NEAR);
        }
      }
      await close();
    });

    it("mask: a picture moved between the words is seen from there on, and the answer is the model's", async () => {
      await open("mask");
      const row = (i: number) => page.locator(".mask tbody tr").nth(i).locator("td").allTextContents();
      const [counts, first, second] = [await row(0), await row(1), await row(2)];
      expect(counts.at(-1)).toBe("2");
      expect(first).toEqual(counts.map((count) => (count === "1" ? "1" : "·")));
      expect(second).toEqual(counts.map((count) => (count === "2" ? "1" : "·")));
      await page.locator('[data-widget="mask"] .exercise button').click();
      expect(await page.locator('[data-widget="mask"] .exercise [role=status]').textContent()).toMatch(/^Not yet/);
      await page.getByLabel("Picture 2 a word on").click();
      await page.waitForFunction((before) => [...document.querySelectorAll(".mask tbody tr:nth-child(2) td.sees")].length > before, first.filter((x) => x === "1").length); // biome-ignore format: one line
      await page.locator('[data-widget="mask"] .exercise button').click();
      expect(await page.locator('[data-widget="mask"] .exercise [role=status]').textContent()).toMatch(/^Yes/);
      await page.locator('[data-widget="mask"] select').selectOption("all");
      await page.waitForFunction(() => document.querySelectorAll(".mask tbody tr:nth-child(3) td.sees").length < document.querySelectorAll(".mask tbody tr:nth-child(2) td.sees").length); // biome-ignore format: one line
      await close();
    });

    it("scrubber: a line of the source shows what it made, as a tap of the same value in Node", async () => {
      ({ page, complaints } = await openPage(site().browser, `${site().url}read/3-resampler/`));
      await page.locator(".state.live").waitFor();
      const at = (text: string) => page.locator("[data-line]", { hasText: text });
      await at('tap("attn"').focus();
      const strip = page.locator("section.strip");
      await strip.locator("code", { hasText: "v+n" }).first().waitFor();
      const path = "model.perceiver.layers.1.0";
      const runs = strip.locator("input[type=number]").first();
      await runs.fill("1");
      await strip.locator(`[data-path="${path}"]`).waitFor();
      using seen = traced(study.model, { keep: [`${path}:attn`] });
      study.resample().dispose();
      const attn = seen.acts.get(`${path}:attn`)!;
      const { max, mean } = statistics((await attn.data()) as Float32Array);
      const said = (await strip.locator(".facts").first().textContent())!;
      const [, shape, shownMax, shownMean] = /\] = \[(.*?)\].* … (\S+), mean (\S+)/.exec(said)!;
      expect(shape).toBe(attn.shape.join(", "));
      expect(Math.abs(Number(shownMax) - max)).toBeLessThan(NEAR);
      expect(Math.abs(Number(shownMean) / mean - 1)).toBeLessThan(NEAR);
      const picture = strip.locator("img").first();
      await picture.scrollIntoViewIfNeeded();
      const box = (await picture.boundingBox())!;
      await page.mouse.move(box.x + box.width - 2, box.y + box.height - 2);
      const values = await attn.data();
      const [rows, columns] = attn.shape.slice(-2);
      const [, row, column, value] = /row (\d+), column (\d+): (\S+)/.exec((await strip.textContent())!)!;
      expect([Number(row), Number(column)]).toEqual([rows - 1, columns - 1]);
      expect(Math.abs(Number(value) - values[rows * columns - 1])).toBeLessThan(NEAR);
      await page.locator("[data-line][aria-selected=true]").press("ArrowDown");
      expect(await page.evaluate(() => document.activeElement!.textContent)).toContain("const out");
      await close();
    });

    it("compose: what is put together is what the model is asked about, and stands in the address", async () => {
      await open("compose");
      const things = page.locator(".board button");
      await page.locator(".things button:not(:disabled)").first().click();
      await things.nth(2).focus();
      for (const key of ["ArrowRight", "ArrowDown", "+", "+"]) await page.keyboard.press(key);
      const [, name, x, y, size] = /^(.*) at (\d+), (\d+), (\d+) wide$/.exec((await things.nth(2).getAttribute("aria-label"))!)!; // biome-ignore format: one line
      const scene = parseScene(new URL(await addressOf(page, /p=s/)).searchParams.get("p")!)!;
      expect(scene.things[2]).toEqual({
        kind: SPRITE_NAMES.indexOf(name),
        x: Number(x),
        y: Number(y),
        size: Number(size),
      });
      const image = await drawScene(scene);
      const [answer] = await assistant.replies([[{ role: "user", content: [{ image }, await page.locator("#question").inputValue()] }]]); // biome-ignore format: one line
      await page.waitForFunction((text) => document.querySelector(".compose .said")!.textContent === text, answer[0]);
      await page.waitForFunction(() => document.querySelector<HTMLImageElement>(".thumb img")!.src.startsWith("data:image/png")); // biome-ignore format: one line
      await things.nth(2).press("Delete");
      expect(await things.count()).toBe(2);
      expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
      await close();
    });

    it("latents: what each is worth, and the answer with a few of them", async () => {
      await open("latents");
      const titles = await page
        .locator(".latents li")
        .evaluateAll((all) => all.map((one) => (one as HTMLElement).title));
      const worth = titles.map((title) => Number(/: (\S+) nats/.exec(title)![1]));
      const best = worth.indexOf(Math.max(...worth));
      const sum = (values: ArrayLike<number>) => Array.from(values).reduce((all, x) => all + x, 0);
      const whole = sum(await compute(() => study.logProbs(study.media)));
      const rest = sum(await withLatents(study, worth.flatMap((_, latent) => (latent === best ? [] : [latent])))); // biome-ignore format: one line
      expect(Math.abs(whole - rest - worth[best])).toBeLessThan(NEAR * Math.max(1, worth[best]));
      await page.locator('[data-widget="latents"] input[type=range]').fill(String(worth.length));
      await page.waitForFunction((count) => document.querySelector(".answers dt:nth-of-type(2)")!.textContent!.startsWith(count), String(worth.length)); // biome-ignore format: one line
      expect(await page.locator(".answers dd").allTextContents()).toEqual(Array(3).fill(answerOf(study.tokens)));
      await close();
    });

    it("enter: put back behind the last layer, at the last token, the word is all there; elsewhere it is not", async () => {
      await open("enter");
      const last = page.locator(".entering tbody tr").last();
      const cells = (await last.locator("td").allTextContents()).map(Number);
      expect(cells.at(-1)).toBe(1);
      expect(cells.slice(0, -1).every((value) => value === 0)).toBe(true);
      const first = (await page.locator(".entering tbody tr").first().locator("td").allTextContents()).map(Number);
      expect(Math.max(...first)).toBeLessThan(1);
      const check = page.locator('[data-widget="enter"] .exercise');
      await check.locator("button").click();
      expect(await check.locator("[role=status]").textContent()).toMatch(/^Not yet/);
      const says: boolean[] = [];
      for (const option of await check.locator("option[value*='.']").all()) {
        await check.locator("select").selectOption((await option.getAttribute("value"))!);
        await check.locator("button").click();
        says.push(/^Yes/.test((await check.locator("[role=status]").textContent())!));
      }
      expect(says.filter(Boolean)).toHaveLength(1);
      await close();
    });

    it("gates: all shut, it says what a model says whose words cannot look; training opens them", async () => {
      await open("gate");
      const said = page.locator('[data-widget="gates"] .said');
      expect(await said.textContent()).toBe(answerOf(study.tokens));
      await page.getByText("All shut").click();
      using _ = patched(study.model, { "**.gated_cross_attn_layer.attn": (y) => y.zerosLike(), "**.gated_cross_attn_layer.ff": (y) => y.zerosLike() }); // biome-ignore format: one line
      const prompt = { inputIds: [study.ids.slice(0, study.start)], attentionMask: [study.ids.slice(0, study.start).map(() => 1)] }; // biome-ignore format: one line
      const size = study.model.config.visual.image_size;
      const { generate } = await import("../../../model/generate/generate.ts");
      const [ids] = await generate(study.model, { ...prompt, pixelValues: new Float32Array(3 * size * size), pixelShape: [1, 1, 1, 3, size, size] }); // biome-ignore format: one line
      const blind = assistant.processor.tokenizer.decode(ids.filter((id) => !assistant.processor.tokenizer.isSpecial(id))).trim(); // biome-ignore format: one line
      await page.waitForFunction((text) => document.querySelector('[data-widget="gates"] .said')!.textContent === text, blind); // biome-ignore format: one line
      await page.locator(".strong").click();
      await page.waitForFunction(() => document.querySelector('[data-widget="training"] progress'));
      await page.waitForFunction(() => !document.querySelector('[data-widget="training"] progress'));
      const figure = await page.locator('[data-widget="training"]').textContent();
      expect(figure).toContain(`“${blind}”`);
      expect(figure).toMatch(/other weights of resampler and cross-attention it is 0,/);
      const losses = await page
        .locator('[data-widget="training"] .line-plot')
        .first()
        .locator("tbody td")
        .allTextContents();
      expect(losses).toHaveLength(13);
      expect(Number(losses.at(-1))).toBeLessThan(Number(losses[0]));
      await close();
    });
  });
}
