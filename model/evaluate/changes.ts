import { bootstrapInterval, type Unit } from "./bootstrap.ts";
import { mean } from "./python/mean.ts";
import type { Item } from "./task.ts";
import type { Scores } from "./scoreRun.ts";

/** A run with its scores. */
export interface Run {
  readonly items: readonly Item[];
  readonly scores: Scores;
}

/** An item on which two runs differ in score. */
export interface Change {
  readonly id: string;
  readonly before: Item;
  readonly after: Item;
  /** The second run's score less the first's. */
  readonly difference: number;
}

/** The items of both runs whose scores differ, the greatest losses first. An id under which another thing was asked is none. */
export function changedItems(first: Run, second: Run): Change[] {
  const others = new Map(second.items.map((item) => [item.id, item]));
  return first.items
    .flatMap((before): Change[] => {
      const after = others.get(before.id);
      const [a, b] = [first.scores.items[before.id]?.score, second.scores.items[before.id]?.score];
      if (!after || !isSame(before, after) || a === null || a === undefined || b === null || b === undefined || a === b)
        return [];
      return [{ id: before.id, before, after, difference: b - a }];
    })
    .sort((x, y) => x.difference - y.difference);
}

/** By how much a second run is better, in percent of its items, with the middle 95 % of the bootstrap's draws. */
export interface PairedDifference {
  readonly mean: number;
  readonly interval: readonly [low: number, high: number];
}

/**
 * The differences of two runs' scores, item by item, by group. Of the same items two runs differ less by chance than their
 * own intervals say.
 */
export function pairedDifferences(
  first: Run,
  second: Run,
  groupOf: (item: Item) => string,
): Record<string, PairedDifference> {
  const others = new Map(second.items.map((item) => [item.id, item]));
  const groups = new Map<string, Unit[]>();
  for (const before of first.items) {
    const after = others.get(before.id);
    const [a, b] = [first.scores.items[before.id]?.score, second.scores.items[before.id]?.score];
    if (!after || !isSame(before, after) || typeof a !== "number" || typeof b !== "number") continue;
    const group = groupOf(before);
    groups.set(group, [...(groups.get(group) ?? []), { value: 100 * (b - a) }]);
  }
  return Object.fromEntries(
    [...groups].map(([name, units]) => {
      return [name, { mean: mean(units.map(({ value }) => value)), interval: bootstrapInterval(units) }];
    }),
  );
}

/** Of the same pictures, as far as both runs know theirs, and with the same right answer. */
function isSame(one: Item, other: Item): boolean {
  const isOther = one.pictures.some(({ digest }, i) => {
    const theirs = other.pictures[i]?.digest;
    return digest !== "" && theirs !== undefined && theirs !== "" && digest !== theirs;
  });
  return !isOther && JSON.stringify(one.reference) === JSON.stringify(other.reference);
}
