import { type Backend, fromData, type Tensor } from "../../tensor/index.ts";

/** The cosine and sine of every angle by which queries and keys turn. */
export interface RotaryTables {
  /** [b, 1, t, d]; b is 1 where all samples have the same positions */
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Rotary positions of the language model (Su et al., "RoFormer", 2021): channels m and m + d/2 turn by
 * position · theta^(-2m/d). Computed on the host in doubles: there are few, and GPUs lose large angles.
 *
 * @param positions one list a sample
 */
export function rotaryTables(
  positions: readonly ArrayLike<number>[],
  headDim: number,
  theta: number,
  backend: Backend,
): RotaryTables {
  const half = headDim / 2;
  const [b, t] = [positions.length, positions[0].length];
  const cos = new Float32Array(b * t * headDim);
  const sin = new Float32Array(b * t * headDim);
  for (let row = 0; row < b * t; row++) {
    const position = positions[Math.floor(row / t)][row % t];
    for (let m = 0; m < half; m++) {
      const angle = position * theta ** ((-2 * m) / headDim);
      cos[row * headDim + m] = cos[row * headDim + half + m] = Math.cos(angle);
      sin[row * headDim + m] = sin[row * headDim + half + m] = Math.sin(angle);
    }
  }
  const table = (values: Float32Array) => fromData(values, [b, 1, t, headDim], "f32", backend);
  return { cos: table(cos), sin: table(sin) };
}
