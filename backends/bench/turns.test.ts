import { afterEach, expect, it, vi } from "vitest";
import { inTurns, median, ratio } from "./turns.ts";

it("a ratio pairs the rounds: what slows a whole round changes nothing", () => {
  expect(ratio([2, 20, 2], [1, 10, 1])).toBe(2);
  expect(ratio([6], [1, 3, 2])).toBe(3); // not paired: median by median
  expect(median([3, 1, 2])).toBe(2);
});

afterEach(() => vi.restoreAllMocks());

it("all contestants have the same rounds, and what takes longer than the budget has one", async () => {
  let now = 0; // a clock that only the contestants move
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const takes = (ms: number) => () => {
    now += ms;
  };
  const rounds = await inTurns(
    [
      { name: "quick", run: takes(0.1) },
      { name: "waits", run: () => Promise.resolve().then(takes(1)) },
      { name: "slow", run: takes(60) },
      { name: "yardstick", run: takes(0.1), yardstick: true },
    ],
    30,
  );
  const [quick, waits, slow, yardstick] = rounds.map((list) => list.length);
  expect(quick).toBeGreaterThanOrEqual(3);
  expect([waits, yardstick]).toEqual([quick, quick]);
  expect(slow).toBe(1);
  expect(rounds[2]).toEqual([60]);
  for (const ms of rounds[0]) expect(ms).toBeCloseTo(0.1, 9);
});
