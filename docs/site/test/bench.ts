import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { openPage } from "../../../golden/browser/chromium.ts";
import { parseSafetensors } from "../../../model/checkpoint/safetensors/parseSafetensors.ts";
import { isLive, type Site } from "./live.ts";

/** A change of one line, which a reader may make, and what they may do wrong. */
const MODULES = {
  noLatents: `import { InfiMM, type InfiMMConfig } from "infimm";
export const make = (config: InfiMMConfig): InfiMM => new InfiMM({ ...config, perceiver: { ...config.perceiver!, num_latents: 8 } });`,
  asksElsewhere: `import { InfiMM, type InfiMMConfig } from "infimm";
const here = globalThis as { refused?: string };
addEventListener("securitypolicyviolation", (event) => { here.refused = event.violatedDirective + " " + event.blockedURI; });
fetch("https://example.com/").catch(() => {});
export function make(config: InfiMMConfig): InfiMM {
  if (here.refused) throw new Error(here.refused);
  return new InfiMM(config);
}`,
  endless: `import { InfiMM, type InfiMMConfig } from "infimm";
export function make(config: InfiMMConfig): InfiMM { for (;;); }`,
} as const;

async function write(page: Page, code: string): Promise<void> {
  await page.locator(".cm-content").fill(code);
}

/** Run what stands in the editor, and wait until there is something to say. */
async function run(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.waitForFunction(() => /^(Done|It did not run)\.$/.test(document.querySelector("[data-widget=workbench] p[role=status]")!.textContent)); // biome-ignore format: one line
}

/** Pages that have a bench: a worker of their own with a model of their own. */
export function testBench(site: () => Site): void {
  describe("benches", () => {
    it("workbench: code is edited, billed, built and asked; its address brings it back; what goes wrong is said", async () => {
      const { page, complaints } = await openPage(site().browser, `${site().url}labs/workbench/`);
      await isLive(page);
      await page.getByRole("button", { name: "Edit" }).click();
      await write(page, MODULES.noLatents);
      await run(page, "Run");
      expect(await page.locator("[data-widget=workbench] p[role=status]").first().textContent()).toBe("Done.");
      const resampler = page.locator(".bill tr", { hasText: "resampler" }).locator("td");
      const [before, after] = (await resampler.allTextContents()).map((text) => Number(text.replaceAll(",", "")));
      expect(before - after).toBe((64 - 8) * 1024); // latents of infimm-zephyr that are gone
      expect(await page.locator(".answered tbody tr").count()).toBeGreaterThan(1);
      await page.waitForFunction(() => location.hash.includes("c="));
      const address = page.url();
      await page.goto("about:blank");
      await page.goto(address);
      await page.waitForFunction(() => document.querySelector(".editor code")!.textContent.includes("num_latents: 8"));
      await page.getByRole("button", { name: "Edit" }).click();
      const complaint = page.locator(".complaint");
      await write(page, "export const make = (config) => {");
      await run(page, "Run");
      expect(await complaint.textContent()).toMatch(/\(1:\d+\)|\(2:\d+\)/);
      await write(page, MODULES.endless);
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("Building …").waitFor();
      await page.getByRole("button", { name: "Stop" }).click(); // nothing else ends it so soon
      await page.waitForFunction(() => document.querySelector(".complaint")?.textContent === "It was stopped.");
      expect(complaints).toEqual([]);
      await write(page, MODULES.asksElsewhere);
      await run(page, "Run");
      expect(await complaint.textContent()).toContain("connect-src https://example.com");
      await page.close();
    });

    it("train: it learns in the page, pauses, goes on, and its weights can be kept", async () => {
      const { page, complaints } = await openPage(site().browser, `${site().url}labs/train/`);
      await isLive(page);
      await page.getByLabel("at a time:").selectOption("2");
      await page.getByRole("button", { name: "Train it here" }).click();
      await page.getByText(/^Update \d+\.$/).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator("button:has-text('Go on'):not([disabled])").waitFor();
      const updates = async () =>
        Number(/Update (\d+)/.exec((await page.locator("[data-widget=train]").textContent()) ?? "")![1]);
      const paused = await updates();
      await page.getByRole("button", { name: "Go on" }).click();
      await page.waitForFunction((before) => Number(/Update (\d+)/.exec(document.querySelector("[data-widget=train]")!.textContent)?.[1]) > before, paused); // biome-ignore format: one line
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator("button:has-text('Keep'):not([disabled])").waitFor();
      const waiting = page.waitForEvent("download");
      await page.getByRole("button", { name: "Keep the weights" }).click();
      const bytes = await readFile(await (await waiting).path());
      const file = parseSafetensors(Uint8Array.from(bytes).buffer, "model.safetensors");
      expect([...file.tensors.keys()].some((name) => name.endsWith("attn_gate"))).toBe(true);
      expect(complaints).toEqual([]);
      await page.close();
    });
  });
}
