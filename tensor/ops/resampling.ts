import { fromData } from "./creation.ts";
import type { Backend } from "../backend.ts";
import type { Tensor } from "../tensor.ts";

/** One dim of `from` elements that becomes one of `to`. */
export interface Resampling {
  readonly from: number;
  readonly to: number;
  /** Old elements a new one, as torch's area_pixel_compute_scale. */
  readonly scale: number;
}

/** A filter over old elements: the share of one that lies `distance` away from the new one's place. */
interface Filter {
  /** What is further away has no share. */
  readonly reach: number;
  weight(distance: number): number;
}

const TRIANGLE: Filter = { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) };

/** Keys' cubic convolution kernel (1981). */
const cubic = (a: number): Filter => ({
  reach: 2,
  weight(distance) {
    const x = Math.abs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
  },
});

/** PyTorch's a is Pillow's where it filters as Pillow does, and OpenCV's elsewhere. */
const [PLAIN_CUBIC, ANTIALIASED_CUBIC] = [cubic(-0.75), cubic(-0.5)];

/** The old element that each new one takes. Torch finds its place in float32, with one rounding a line: ties need it. */
export function nearestElements({ from, to, scale }: Resampling, exact: boolean): Int32Array {
  const step = Math.fround(scale);
  return Int32Array.from({ length: to }, (_, i) => {
    const place = exact ? Math.fround(step * (i + 0.5) - 0.5) + 0.5 : step * i;
    return Math.min(from - 1, Math.floor(Math.fround(place)));
  });
}

/**
 * Weights of linear or cubic interpolation between the nearest old elements; beyond the edges stands the edge element.
 *
 * @returns [to, from]: row i holds what each old element gives to new element i
 */
export function interpolationWeights(dim: Resampling, cubic: boolean, corners: boolean, backend: Backend): Tensor {
  const { from, to, scale } = dim;
  const filter = cubic ? PLAIN_CUBIC : TRIANGLE;
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = !cubic && to === from ? i : corners ? i * scale : (i + 0.5) * scale - 0.5;
    const left = Math.floor(place);
    for (let tap = left + 1 - filter.reach; tap <= left + filter.reach; tap++) {
      weights[i * from + Math.min(from - 1, Math.max(0, tap))] += filter.weight(place - tap);
    }
  }
  return fromData(weights, [to, from], "f32", backend);
}

/** As interpolationWeights, of a filter that is as wide as the step between new elements (Pillow's resize). */
export function antialiasedWeights({ from, to, scale }: Resampling, cubic: boolean, backend: Backend): Tensor {
  const filter = cubic ? ANTIALIASED_CUBIC : TRIANGLE;
  const width = Math.max(1, scale);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - filter.reach * width + 0.5));
    const end = Math.min(from, Math.trunc(centre + filter.reach * width + 0.5));
    const row = Array.from({ length: Math.max(0, end - first) }, (_, n) =>
      filter.weight((first + n + 0.5 - centre) / width),
    );
    const total = row.reduce((sum, weight) => sum + weight, 0);
    weights.set(
      row.map((weight) => (total === 0 ? weight : weight / total)),
      i * from + first,
    );
  }
  return fromData(weights, [to, from], "f32", backend);
}

/** [to, from]: each new element is the mean of the old ones that it covers, as torch.nn.functional.adaptive_avg_pool1d. */
export function areaWeights(from: number, to: number, backend: Backend): Tensor {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const [first, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    weights.fill(1 / (end - first), i * from + first, i * from + end);
  }
  return fromData(weights, [to, from], "f32", backend);
}
