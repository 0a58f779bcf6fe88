import { expect, it } from "vitest";
import { gqaRight } from "./gqa.ts";
import { infimmEvalTotals } from "./infimmEval.ts";
import { mmbenchAccuracy } from "./mmbench.ts";
import { mmeAnswer } from "./mme.ts";
import { mmVetTotals } from "./mmVet.ts";
import { okvqaStem } from "./okvqaStem.ts";
import { scienceQaRightByLmms } from "./scienceQa.ts";
import { vqaAccuracy } from "./vqaAccuracy.ts";

it("MME by other programs' rules", () => {
  expect(["Y", " n. ", "Not sure", "The answer is yes"].map((text) => mmeAnswer(text, "lmms"))).toEqual([
    "yes",
    "no",
    "no",
    "other",
  ]);
  expect(["notice", "The answer is yes.", "yes and no"].map((text) => mmeAnswer(text, "words"))).toEqual([
    "other",
    "yes",
    "other",
  ]);
});

it("ScienceQA by lmms-eval's rule", () => {
  expect(["b", " B ", "B.", "B. x", "b.", "B x"].map((text) => scienceQaRightByLmms(text, "B"))).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

it("MMBench, circular and vanilla", () => {
  const row = (index: number, right: boolean, category = "c") => ({ index, category, l2Category: "l2", right });
  const rows = [row(1, true), row(1_000_001, true), row(2, true, "d"), row(1_000_002, false, "d")];
  expect(mmbenchAccuracy(rows, true)).toEqual({
    overall: 0.5,
    perCategory: { c: 1, d: 0 },
    perL2Category: { l2: 0.5 },
  });
  expect(mmbenchAccuracy(rows, false).overall).toBe(1);
});

it("InfiMM-Eval counts what is hard twice", () => {
  const scored = [
    { complexity: "moderate", reasoning: "deductive", score: 1 },
    { complexity: "high", reasoning: "abductive", score: 0.5 },
  ] as const;
  expect(infimmEvalTotals(scored)).toEqual({
    overall: (2 / 3) * 100,
    perReasoning: { deductive: 100, abductive: 50 },
    perComplexity: { moderate: 100, high: 50 },
  });
  expect(() => infimmEvalTotals([])).toThrow(/nothing to score/);
});

it("GQA compares in lower case and without full stops", () => {
  expect([gqaRight("Yes.", "yes"), gqaRight("a dog", "dog")]).toEqual([true, false]);
});

it("stems answers of OK-VQA, approximately", () => {
  const words = "surfing riding boys tennis men's running glasses morning women bus king skateboarding";
  expect(okvqaStem(words)).toBe("surf ride boy tennis man 's run glass morn woman bus king skateboard");
});

it("refuses grades and answers that are not complete", () => {
  const capabilities = { a: ["rec"], b: ["ocr"] };
  expect(() => mmVetTotals(capabilities, { a: { score: [1] } })).toThrow(/no grade for b/);
  expect(() => mmVetTotals(capabilities, { a: { score: [1] }, b: { score: [1, 0] } })).toThrow(/b was graded 2 times/);
  expect(() => mmVetTotals({ a: ["rec"] }, { a: { score: [1] }, c: { score: [1] } })).toThrow(/question c/);
  expect(() => vqaAccuracy("x", [])).toThrow(/no answers/);
});
