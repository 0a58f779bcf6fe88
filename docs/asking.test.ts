import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Assistant } from "../model/generate/assistant.ts";
import type { GenerateOptions } from "../model/generate/options.ts";
import { generate } from "../model/generate/generate.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { makeImage } from "../model/processor/pictures/image.ts";

// Every row of "What is refused" in docs/asking.md is made to happen, and says what the page says.

const page = readFileSync("docs/asking.md", "utf8");
const rows = page
  .slice(page.indexOf("## What is refused"))
  .split("\n")
  .slice(4)
  .filter((line) => line.startsWith("| "));
const table = new Map(
  rows.map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")) as [string, string]),
);

const assistant = await Assistant.fromPretrained("model/infimm-tiny");
const { processor } = assistant;
const tiny = await loadPretrained("golden/fixtures/tiny-zephyr"); // knows 128 positions
const grey = makeImage(8, 8, "L", new Uint8Array(64));

function go(options: GenerateOptions, length = 3, mask = length) {
  const inputIds = [new Array<number>(length).fill(5)];
  const attentionMask = [new Array<number>(mask).fill(1)];
  const pixelValues = new Float32Array(3 * 42 * 42);
  return generate(tiny, { inputIds, attentionMask, pixelValues, pixelShape: [1, 1, 1, 3, 42, 42] }, options);
}

const fill = (value: number) => ({ processors: [(scores: Float32Array) => void scores.fill(value)] });

const CASES: Record<string, () => unknown> = {
  "an `<image>` without a picture, or the other way round": () =>
    processor.apply({ text: "<image><image>", images: [grey] }),
  "no message": () => processor.apply([]),
  "a prompt longer than the model's positions": () => go({}, 129),
  "rows of unequal length": () => go({}, 3, 2),
  "an option out of its range, or of another type": () => go({ maxNewTokens: 0 }),
  "an option that nobody reads": () => go({ temperature: 1 } as object),
  "a part of a message that is neither text nor picture": () =>
    processor.apply([{ role: "user", content: [{ type: "audio" } as never] }]),
  "a message that the chat template leaves out, as one of a role that it does not know": () =>
    processor.apply([{ role: "bot", content: "Hi" }]),
  "a second turn before the answer has ended": async () => {
    const chat = assistant.chat();
    await chat.say("Hi", [], { maxNewTokens: 2 }).next();
    await chat.say("And?").next();
  },
  "beams while sampling": () => go({ beams: 2, sampling: {} }),
  "several answers that would all be the same": () => go({ numReturnSequences: 3 }),
  "more answers than beams": () => go({ beams: 2, numReturnSequences: 3 }),
  "penalties and processors that forbid every token": () => go(fill(Number.NEGATIVE_INFINITY)),
  "scores that are not numbers": () => go(fill(Number.NaN)),
};

test.each(Object.entries(CASES))("%s", async (what, run) => {
  await expect((async () => run())()).rejects.toThrow(table.get(what)?.replaceAll("`", ""));
});

test("the page lists these and no others", () => {
  expect([...table.keys()]).toEqual(Object.keys(CASES));
  expect([...table.values()].every((said) => said.length > 10)).toBe(true);
});
