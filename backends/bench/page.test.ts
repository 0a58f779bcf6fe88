import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type BenchRecord, benchPage, benchPlot, merged, PAGE, PLOT, RECORD } from "./page.ts";
import type { Machine, Result } from "./wasm.ts";

const record = JSON.parse(readFileSync(RECORD, "utf8")) as BenchRecord;

it("the page and the plot show the record", () => {
  expect(benchPage(record)).toBe(readFileSync(PAGE, "utf8"));
  expect(benchPlot(record)).toBe(readFileSync(PLOT, "utf8"));
});

const machine: Machine = { ...record.machine, date: "2026-01-01" };
const result = (what: string, median: number): Result => ({
  what,
  unit: "ms",
  figures: [{ who: "wasm 2T", median, best: median, timesOurs: 1 }],
  limits: [],
});

it("rows that were measured anew replace the old ones, in the table's order", () => {
  const before = { machine, results: [result("a", 1), result("b", 2)] };
  const now = { machine: { ...machine, date: "2026-01-02" }, results: [result("c", 3), result("b", 4)] };
  const { machine: of, results } = merged(before, now, ["a", "b", "c"]);
  expect(of.date).toBe("2026-01-02");
  expect(results).toEqual([result("a", 1), result("b", 4), result("c", 3)]);
});

it("rows from another machine do not stay", () => {
  const before = { machine: { ...machine, cpu: "another" }, results: [result("a", 1)] };
  expect(merged(before, { machine, results: [result("b", 2)] }, ["a", "b"]).results).toEqual([result("b", 2)]);
});

it("a plot escapes its words, and has a mark for each value", () => {
  const svg = benchPlot({ machine: { ...machine, cpu: "a < b & c" }, results: [result("1 -> 2", 1), result("x", 2)] });
  expect(svg).toContain("a &lt; b &amp; c");
  expect(svg).toContain("1 -&gt; 2");
  expect(svg.match(/<circle/g)).toHaveLength(3); // and one in the legend
});
