import { expect, test } from "vitest";
import { vanishedText } from "./vanishedText.ts";

test("numbers that became 0 are counted, and the first is shown; with --report, that of each tensor", () => {
  const lost = { element: 3, value: 1e-9, count: 2, dtype: "f16" as const };
  const vanished = new Map([
    ["a", lost],
    ["b", { ...lost, count: 5 }],
  ]);
  const head = "warning: 7 numbers in 2 tensors are too small for their dtype; bf16 has the range of f32";
  const line = "  a: 2 became 0 in f16, the first element 3, which is 1e-9";
  expect(vanishedText(vanished)).toBe(`${head}\n${line}`);
  expect(vanishedText(vanished, true).split("\n")).toEqual([head, line, expect.stringContaining("  b: 5 became 0")]);
});
