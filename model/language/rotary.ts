import { type Backend, fromData, type Tensor } from "../../tensor/index.ts";
import type { RotaryFrequencies } from "./rotaryFrequencies.ts";

/** The cosine and sine of every angle by which queries and keys turn. */
export interface RotaryTables {
  /** [b, 1, t, e]; b is 1 where all samples have the same positions */
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Rotary positions of the language model (Su et al., "RoFormer", 2021): channels m and m + e/2 turn by
 * position · frequencies[m]. Computed on the host in doubles: there are few, and GPUs lose large angles.
 *
 * @param positions one list a sample
 */
export function rotaryTables(
  positions: readonly ArrayLike<number>[],
  { frequencies, scale }: RotaryFrequencies,
  backend: Backend,
): RotaryTables {
  const half = frequencies.length;
  const e = 2 * half;
  const [b, t] = [positions.length, positions[0].length];
  const cos = new Float32Array(b * t * e);
  const sin = new Float32Array(b * t * e);
  for (let row = 0; row < b * t; row++) {
    const position = positions[Math.floor(row / t)][row % t];
    for (let m = 0; m < half; m++) {
      const angle = position * frequencies[m];
      cos[row * e + m] = cos[row * e + half + m] = scale * Math.cos(angle);
      sin[row * e + m] = sin[row * e + half + m] = scale * Math.sin(angle);
    }
  }
  const table = (values: Float32Array) => fromData(values, [b, 1, t, e], "f32", backend);
  return { cos: table(cos), sin: table(sin) };
}
