import { ShapeError } from "../../core/errors.ts";

/** One number for both, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** One number for all, or [of depth, vertical, horizontal]. */
export type Triple = number | readonly [number, number, number];

/** @throws ShapeError naming the option, where it is not one or two whole numbers from `least` up */
export function pairOf(op: string, name: string, value: Pair, least: number): readonly [number, number] {
  const pair = typeof value === "number" ? ([value, value] as const) : value;
  if (pair.length !== 2 || pair.some((v) => !Number.isInteger(v) || v < least)) {
    throw new ShapeError(`${op}: ${name} must be one or two whole numbers from ${least} up, got ${value}`);
  }
  return pair;
}

/** As pairOf, of three. */
export function tripleOf(op: string, name: string, value: Triple, least: number): readonly [number, number, number] {
  const triple = typeof value === "number" ? ([value, value, value] as const) : value;
  if (triple.length !== 3 || triple.some((v) => !Number.isInteger(v) || v < least)) {
    throw new ShapeError(`${op}: ${name} must be one or three whole numbers from ${least} up, got ${value}`);
  }
  return triple;
}
