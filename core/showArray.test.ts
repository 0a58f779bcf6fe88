import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { showArray } from "./showArray.ts";

interface Shown {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: (number | string | boolean)[];
  readonly text: string;
}

const cases: Shown[] = JSON.parse(readFileSync("core/showArray.json", "utf8"));
const KINDS = { float32: "float", int32: "int", bool: "bool" } as const;

it.each(cases)("$dtype $shape: $text", ({ dtype, shape, data, text }) => {
  const named: Record<string, number> = {
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    "-inf": Number.NEGATIVE_INFINITY,
  };
  const numbers = data.map((value) => (typeof value === "string" ? named[value] : Number(value)));
  expect(showArray(numbers, shape, KINDS[dtype as keyof typeof KINDS])).toBe(text);
});
