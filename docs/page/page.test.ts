import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { built } from "../../bin/built.fixture.ts";
import { newPage, openPage, testBrowser } from "../../golden/browser/chromium.ts";
import { type Served, serve } from "../../golden/browser/serve.ts";

const browser = await testBrowser();
const PICTURE = resolve("model/infimm-tiny/pictures/pets.png");
const QUESTION = "How many dogs are there?";

/** What `infimm ask` says. */
function answerOfCli(): string {
  const args = ["dist/bin/infimm.js", "ask", PICTURE, QUESTION, "--json"];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })).answer;
}

// biome-ignore lint/performance/useDomNodeTextContent: what a reader sees
const textOf = (page: Page, id: string) => page.locator(`#${id}`).innerText();

declare global {
  var devices: GPUDevice[];
}

/** In the page: WebGPU as other browsers may have it, with default limits and no optional feature. */
function asOthersHaveIt(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function () {
    return requestDevice.call(this);
  };
}

/** In the page: remember the devices that are made. */
function keepDevice(): void {
  const { requestDevice } = GPUAdapter.prototype;
  globalThis.devices = [];
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  };
}

async function askPage(page: Page): Promise<string> {
  await page.locator("#file").setInputFiles(PICTURE);
  await page.waitForFunction(() => document.querySelector<HTMLImageElement>("#picture")!.alt === "pets.png");
  await page.locator("#question").fill(QUESTION);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /^(Done|Something)/.test(document.getElementById("status")!.textContent));
  return textOf(page, "answer");
}

describe.skipIf(!browser)("the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "infimm-page-"));
  let served: Served;
  let expected: string;
  beforeAll(async () => {
    await build({
      configFile: resolve("docs/page/vite.config.ts"),
      logLevel: "error",
      build: { outDir: folder },
    });
    served = await serve({ "": folder }, false);
    await built();
    expected = answerOfCli();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    rmSync(folder, { recursive: true });
  });

  async function ready(page: Page): Promise<void> {
    await page.waitForFunction(() => document.getElementById("status")!.textContent === "Ready");
  }

  it("answers on WebGPU as the command line does, and shows where it looked", async () => {
    const { page, complaints } = await openPage(browser!, served.url, asOthersHaveIt);
    await ready(page);
    expect(await page.locator("#backend").inputValue()).toBe("webgpu");
    expect(await page.locator("#alert").isHidden()).toBe(true);
    expect(await askPage(page)).toBe(expected);
    await page.locator("#look").click();
    await page.locator("#words button").first().waitFor();
    expect(await page.locator("#words button").allInnerTexts()).not.toEqual([]);
    expect(await page.locator("#veil").isVisible()).toBe(true);
    if (process.env["SCREENSHOT"]) await page.screenshot({ path: process.env["SCREENSHOT"], fullPage: true });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("falls back to the CPU with a note, and gives the same answer", async () => {
    const { page, complaints } = await openPage(browser!, served.url, () => {
      Reflect.deleteProperty(Navigator.prototype, "gpu");
    });
    await ready(page);
    expect(await page.locator("#backend").inputValue()).not.toBe("webgpu");
    expect(await textOf(page, "alert")).toMatch(/cannot run on the GPU.*instead/);
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("begins anew on the GPU when that was lost", async () => {
    const { page, complaints } = await openPage(browser!, served.url, keepDevice);
    await ready(page);
    await page.evaluate(() => devices[0].destroy());
    await page.waitForFunction(() => devices[0].lost);
    await page.locator("#ask").click();
    await page.waitForFunction(() => devices.length === 2);
    await ready(page);
    expect(await textOf(page, "alert")).toContain("lost");
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("stops when told to, and takes a dropped picture and another backend", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    await page.locator("#backend").selectOption("cpu");
    await page.waitForFunction(() => document.getElementById("status")!.textContent === "Ready");
    await page.evaluate(() => {
      for (const id of ["ask", "stop"]) document.getElementById(id)!.click(); // at once: an answer takes little time
    });
    await page.waitForFunction(() => document.getElementById("status")!.textContent === "Stopped");
    const bytes = [...readFileSync(PICTURE)];
    await page.evaluate((data) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(data)], "dropped.png"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    }, bytes);
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>("#picture")!.alt === "dropped.png");
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("says in words what is wrong with a file, and goes on", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    await page.locator("#file").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("hello") });
    await page.locator("#alert").waitFor();
    expect(await textOf(page, "alert")).toContain("a.png");
    expect(await askPage(page)).toBe(expected);
    expect(await page.locator("#alert").isHidden()).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  const statusIs = (page: Page, wanted: RegExp) =>
    page.waitForFunction(
      (text) => new RegExp(text).test(document.getElementById("status")!.textContent),
      wanted.source,
    );

  it("asks nothing where the question is blank, and says that one is missing", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    await page.locator("#question").fill("   ");
    await page.locator("#ask").click();
    expect(await page.locator("#question:invalid").count()).toBe(1);
    expect(await textOf(page, "status")).toBe("Ready");
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("shows where it looked for what was asked, whatever stands in the field by then", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    const answer = await askPage(page);
    await page.locator("#question").fill("What colour is the background?");
    await page.locator("#look").click();
    await page.locator("#words button").first().waitFor();
    const words = await page.locator("#words button").allInnerTexts();
    expect(words.join("").replaceAll(" ", "")).toBe(answer.replaceAll(" ", ""));
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("shows what each word depends on: the thing that it names", async () => {
    const { page, complaints } = await openPage(browser!, served.url, () => {
      Reflect.deleteProperty(Navigator.prototype, "gpu"); // a GPU in software takes a minute
    });
    await ready(page);
    expect(await page.locator("#picture").getAttribute("alt")).toBe("fruit.png");
    await page.locator("#ask").click();
    await page.locator("#look").click();
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#by input")!.checked);
    await statusIs(page, /^Done/);
    const brightest = (word: string) =>
      page.evaluate((text) => {
        [...document.querySelectorAll<HTMLButtonElement>("#words button")]
          .find((one) => one.textContent === text)!
          .click();
        const veil = document.querySelector<HTMLCanvasElement>("#veil")!;
        const { data } = veil.getContext("2d")!.getImageData(0, 0, veil.width, veil.height);
        const dark = Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]);
        return dark.indexOf(Math.min(...dark));
      }, word);
    expect([await brightest("banana"), await brightest("strawberry"), await brightest("An")]).toEqual([20, 46, 42]);
    await page.locator("#by input[value=attends]").click();
    expect(await brightest("strawberry")).toBe(await brightest("banana")); // a look is no cause
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("keeps the last of two pictures, however long the first takes", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    let first = () => {};
    await page.route("**/dog.png", (route) => {
      first = () => route.continue();
    });
    await page.locator("#examples button[title=dog]").click();
    await page.locator("#examples button[title=sea]").click();
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>("#picture")!.alt === "sea.png");
    const arrived = page.waitForResponse("**/dog.png");
    first();
    await (await arrived).finished();
    await page.locator("#file").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("hello") });
    await page.locator("#alert").waitFor(); // by now the first would have come
    expect(await page.locator("#picture").getAttribute("alt")).toBe("sea.png");
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("shows that it loads, says what failed, and tries again when told to", async () => {
    const page = await newPage(browser!);
    let fails = true;
    let go = () => {};
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route("**/model.safetensors", async (route) => {
      await waits;
      if (fails) await route.fulfill({ status: 503 });
      else await route.continue();
    });
    await page.goto(served.url);
    await statusIs(page, /^Loading/);
    expect(await page.locator("#progress").isVisible()).toBe(true);
    expect(await page.locator("#ask").isDisabled()).toBe(true);
    go();
    await page.locator("#retry").waitFor();
    expect(await textOf(page, "alert")).toMatch(/model.safetensors.*503/);
    expect(await textOf(page, "status")).toBe("The model could not be loaded.");
    expect(await page.locator("#progress").isHidden()).toBe(true);
    fails = false;
    await page.locator("#retry").click();
    await ready(page);
    expect(await page.locator("#retry").isHidden()).toBe(true);
    expect(await page.locator("#alert").isHidden()).toBe(true);
    expect(await askPage(page)).toBe(expected);
    await page.close();
  });

  it("waits for a picture where there is none", async () => {
    const page = await newPage(browser!);
    await page.route("**/fruit.png", (route) => route.fulfill({ status: 404 }));
    await page.goto(served.url);
    await statusIs(page, /Choose a picture/);
    expect(await page.locator("#ask").isDisabled()).toBe(true);
    expect(await page.locator("#hint").isVisible()).toBe(true);
    expect(await textOf(page, "alert")).toMatch(/fruit.png.*404/);
    expect(await askPage(page)).toBe(expected);
    await page.close();
  });

  it("begins anew when the GPU is lost while it answers", async () => {
    const { page, complaints } = await openPage(browser!, served.url, keepDevice);
    await ready(page);
    await page.evaluate(() => {
      document.getElementById("ask")!.click();
      setTimeout(() => devices[0].destroy(), 30);
    });
    await page.waitForFunction(() => devices.length === 2);
    await ready(page);
    expect(await textOf(page, "alert")).toContain("lost");
    expect(await textOf(page, "answer")).toBe("");
    expect(await page.locator("#stop").isHidden()).toBe(true);
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("forgets the answer when another picture comes while it is given", async () => {
    const { page, complaints } = await openPage(browser!, served.url);
    await ready(page);
    await page.locator("#ask").click();
    await page.waitForFunction(() => document.getElementById("answer")!.textContent !== "");
    await page.locator("#examples button[title=sea]").click();
    await statusIs(page, /^(Stopped|Ready)/);
    expect(await textOf(page, "answer")).toBe("");
    expect(await page.locator("#look").isHidden()).toBe(true);
    expect(await askPage(page)).toBe(expected);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
