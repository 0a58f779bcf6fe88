/** How one of our arrays compares with a golden one. */
export interface Comparison {
  /** ||ours - golden|| / ||golden|| */
  readonly error: number;
  /** The element that is furthest off. */
  readonly worst: { readonly index: readonly number[]; readonly expected: number; readonly got: number };
}

/**
 * @param golden row-major, of `shape`
 * @param counts which elements count; default: all
 */
export function compare(
  ours: ArrayLike<number>,
  golden: ArrayLike<number>,
  shape: readonly number[],
  counts: (flat: number) => boolean = () => true,
): Comparison {
  let off = 0;
  let size = 0;
  let worst = 0;
  let furthest = -1;
  for (let i = 0; i < golden.length; i++) {
    if (!counts(i)) continue;
    const difference = Math.abs(ours[i] - golden[i]);
    off += difference * difference;
    size += golden[i] * golden[i];
    if (difference > furthest || (Number.isNaN(difference) && furthest < Number.POSITIVE_INFINITY)) {
      furthest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      worst = i;
    }
  }
  const error = size > 0 ? Math.sqrt(off / size) : Math.sqrt(off);
  return {
    error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error,
    worst: { index: unravel(worst, shape), expected: golden[worst], got: ours[worst] },
  };
}

/** The index of the `flat`-th element. */
function unravel(flat: number, shape: readonly number[]): number[] {
  const index = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}

/** How far off a backend may be. */
export interface Bar {
  /** Times PyTorch's own float32 error. */
  readonly ratio: number;
  /** Relative, whatever PyTorch's error is. */
  readonly error: number;
}

/** PyTorch errors below this count as this: it is about one rounding to f32. */
export const ERROR_FLOOR = 1e-7;

/** The bars of the backends. A GPU sums in f32 and in its own order, so only the relative error is bounded there. */
export const BARS: Readonly<Record<string, Bar>> = {
  cpu: { ratio: 4, error: 1e-5 },
  wasm: { ratio: 4, error: 1e-5 },
  webgpu: { ratio: Number.POSITIVE_INFINITY, error: 1e-4 },
  gpujs: { ratio: Number.POSITIVE_INFINITY, error: 1e-4 },
};

/** Our error in units of PyTorch's. */
export function ratioOf(error: number, float32Error: number | undefined): number {
  return error / Math.max(ERROR_FLOOR, float32Error ?? 0);
}
