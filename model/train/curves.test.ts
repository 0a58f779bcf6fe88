import { expect, test } from "vitest";
import { duration, smoothed, statusLine, terminalPlot } from "./curves.ts";
import { reportPage } from "./reportPage.ts";
import type { LogLine } from "./updateLog.ts";

const line = (update: number, loss: number, more: Partial<LogLine> = {}): LogLine => ({
  update,
  lr: 1e-4,
  losses: [loss],
  loss: { pair: loss },
  gradNorm: 2,
  targets: 9,
  skipped: false,
  seconds: { data: 0.5, gradients: 1, update: 0.5 },
  gates: { "layers.1.attn_gate": -0.25 },
  bytes: 0,
  ...more,
});

test("a plot goes from the top left to the bottom right as values fall, a dot for each half column", () => {
  expect(terminalPlot([8, 7, 6, 5, 4, 3, 2, 1], { columns: 4, rows: 2 })).toBe("8.00 ⠑⢄⠀⠀\n1.00 ⠀⠀⠑⢄");
  expect(terminalPlot([1, Number.NaN], { columns: 1, rows: 1 })).toBe("1.00 ⡀");
  expect(terminalPlot([Number.NaN])).toBe("");
});

test("a smoothed line begins at the first value and follows slowly; what is not a number is passed over", () => {
  const values = smoothed([4, 4, Number.NaN, 0], 0.5);
  expect(values.slice(0, 3)).toEqual([4, 4, 4]);
  expect(values[3]).toBeCloseTo(4 * (0.375 / 0.875), 6);
});

test("the status line tells where a run is and how long it will take", () => {
  const status = statusLine([line(0, 3), line(1, 1)], 62);
  expect(status).toBe("update 2 of 62 · loss 1.974 · rate 0.000100 · gradient 2.00 · gates up to 0.250 · 2.00 s an update, 2 min left"); // biome-ignore format: one line
  expect([duration(20), duration(600), duration(8000)]).toEqual(["20 s", "10 min", "2 h 13 min"]);
});

test("the report has a curve for each kind, gate and norm, and needs no network", () => {
  const page = reportPage("a <run>", [line(0, 3), line(1, 2, { loss: { pair: 2, interleaved: 1 }, skipped: true })]);
  expect(page).toContain("<h1>a &lt;run&gt;</h1>");
  for (const name of ["pair", "interleaved", "layers.1.attn_gate", "Learning rate"]) expect(page).toContain(name);
  expect(page.match(/<polyline/g)).toHaveLength(7);
  expect(page).toContain("2 updates in 4 s, 1 of them skipped");
  expect(page).not.toMatch(/https?:|<script|<link/);
  expect(page).not.toContain("NaN");
  expect(reportPage("empty", [])).toContain("0 updates");
});
