import { expect, test } from "vitest";
import { Processor } from "../processor/processor.ts";
import type { Document } from "./documents.ts";
import { type Sample, sampleOf } from "./sample.ts";
import { showLegend, showSample } from "./show.ts";

const tiny = await Processor.fromPretrained("model/infimm-tiny");
const chat: Document = {
  id: "7",
  source: "made",
  layout: "chat",
  parts: [
    { path: "a.png" },
    { text: "What\nis it?", learn: false, role: "user" },
    { text: "A dog.", learn: true, role: "assistant" },
  ],
};

test("a sample says what bears loss, without colours", () => {
  const sample = sampleOf(chat, tiny) as Sample;
  const [title, ...lines] = showSample(sample, { colour: false }).split("\n");
  const counted = sample.labels.filter((label) => label !== -100).length;
  expect(title).toBe(`made 7 (chat): ${sample.inputIds.length} tokens, ${counted} counted, 1 picture`);
  expect(lines).toEqual([
    "<|system|>⏎", "</s>⏎", "<|user|>⏎", "<|endofchunk|><image>What⏎", "is it?</s>⏎", "<|assistant|>⏎", "⟦A dog.</s>⟧⏎", "",
  ]); // biome-ignore format: a screen
});

test("and in colours, none of which runs over a line's end", () => {
  const text = showSample(sampleOf(chat, tiny) as Sample);
  expect(text).toContain("\x1b[30;42mA dog.</s>\x1b[0m");
  expect(text).toContain("\x1b[36m<image>\x1b[0m");
  for (const line of text.split("\n"))
    expect(line.lastIndexOf("\x1b[0m")).toBeGreaterThanOrEqual(line.lastIndexOf("\x1b[3"));
  expect(showLegend({ colour: false })).toBe("⟦bears loss⟧ does not <image>");
});

test("a cut sample ends where it was cut", () => {
  const pair: Document = { ...chat, layout: "pair", parts: [{ path: "a" }, { text: "a dog and a cat", learn: true }] };
  const sample = sampleOf(pair, tiny, { maxLength: 3 }) as Sample;
  expect(showSample(sample, { colour: false }).split("\n")[1].length).toBeLessThan("<image>a dog and a cat".length);
});
