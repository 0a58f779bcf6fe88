import { InfimmError } from "../../core/errors.ts";

/** The spacing of f32 numbers near 1. */
export const EPS = 2 ** -23;

/**
 * Throws unless every element is as expected: NaN is NaN, infinities and (without a tolerance) numbers are equal,
 * the rest within `tolerance(i)`.
 */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: (i: number) => number = () => 0,
): void {
  if (actual.length !== expected.length)
    throw new InfimmError(`${what}: ${actual.length} elements, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const [got, wanted] = [actual[i], expected[i]];
    if (Object.is(got, wanted) || got === wanted) continue;
    const far = Number.isFinite(wanted) ? !(Math.abs(got - wanted) <= tolerance(i)) : true;
    if (far)
      throw new InfimmError(
        `${what}: element ${i} is ${got}, expected ${wanted} within ${Number.isFinite(wanted) ? tolerance(i) : 0}`,
      );
  }
}

/** Relative error of `units` spacings; below the smallest normal f32, a backend may flush to 0. */
export function relative(expected: ArrayLike<number>, units: number): (i: number) => number {
  return (i) => Math.abs(expected[i]) * units * EPS + 2 ** -126;
}
