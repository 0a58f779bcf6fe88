import type { Crop } from "./image.ts";

/**
 * Pillow's 8-bit bicubic resampling, bit for bit (`libImaging/Resample.c`).
 *
 * Two passes, each rounded to bytes; where a size does not change, the pass is the identity. When shrinking, the kernel
 * is widened, so that every input pixel counts. Weights are fixed-point, 22 fraction bits.
 */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** Keys' cubic convolution kernel with a = -0.5. */
function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

/** For output i: the inputs `first[i]` to `first[i] + count[i]`, with weights from `weights[i * width]` on. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
  width: number;
}

/** The taps of outputs `start` to `start + length` when `inSize` samples become `outSize`. */
function makeTaps(inSize: number, outSize: number, start: number, length: number): Taps {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const width = Math.ceil(support) * 2 + 1;
  const inverse = 1 / filterScale;
  const taps = {
    first: new Int32Array(length),
    count: new Int32Array(length),
    weights: new Int32Array(length * width),
    width,
  };
  const exact = new Float64Array(width);
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += exact[k] = cubic((k + first - center + 0.5) * inverse);
    for (let k = 0; k < count; k++) {
      const fixed = (exact[k] / sum) * 2 ** PRECISION_BITS;
      taps.weights[i * width + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

const clipToByte = (value: number): number => Math.max(0, Math.min(255, value));

/** Resamples along x: `data` [rows, inWidth, channels] -> [rows, taps, channels]. */
function resampleX(data: Uint8Array, rows: number, inWidth: number, channels: number, taps: Taps): Uint8Array {
  const { first, count, weights, width } = taps;
  const out = new Uint8Array(rows * first.length * channels);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < first.length; x++) {
      const from = (y * inWidth + first[x]) * channels;
      const end = x * width + count[x];
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = x * width, i = from + c; k < end; k++, i += channels) sum += Math.imul(data[i], weights[k]);
        out[to++] = clipToByte(sum >> PRECISION_BITS);
      }
    }
  }
  return out;
}

/** Resamples along y: `data` [inHeight, rowBytes] -> [taps, rowBytes]. */
function resampleY(data: Uint8Array, rowBytes: number, taps: Taps): Uint8Array {
  const { first, count, weights, width } = taps;
  const out = new Uint8Array(first.length * rowBytes);
  let to = 0;
  for (let y = 0; y < first.length; y++) {
    const end = y * width + count[y];
    for (let x = 0; x < rowBytes; x++) {
      let sum = HALF;
      for (let k = y * width, i = first[y] * rowBytes + x; k < end; k++, i += rowBytes) {
        sum += Math.imul(data[i], weights[k]);
      }
      out[to++] = clipToByte(sum >> PRECISION_BITS);
    }
  }
  return out;
}

/**
 * `data` [inHeight, inWidth, channels] scaled to outHeight x outWidth, of which only `window` is computed.
 * Returns [window.height, window.width, channels].
 */
export function bicubic(
  data: Uint8Array,
  [inHeight, inWidth, channels]: readonly [number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  window: Crop,
): Uint8Array {
  const x = makeTaps(inWidth, outWidth, window.left, window.width);
  const y = makeTaps(inHeight, outHeight, window.top, window.height);
  if (isVerticalFirst(inHeight - outHeight, inWidth - outWidth)) {
    return resampleX(resampleY(data, inWidth * channels, y), window.height, inWidth, channels, x);
  }
  const last = window.height - 1;
  const firstRow = y.first[0];
  const rows = y.first[last] + y.count[last] - firstRow;
  for (let i = 0; i < window.height; i++) y.first[i] -= firstRow;
  const used = data.subarray(firstRow * inWidth * channels, (firstRow + rows) * inWidth * channels);
  return resampleY(resampleX(used, rows, inWidth, channels, x), window.width * channels, y);
}

/**
 * Which pass comes first shows in the rounding. Pillow 13 begins along y where that loses many rows (its pull request
 * 9549). Its versions before 12.3 always began along x, which differs at sharp edges of such pictures: portraits more
 * than twice as high as wide, when they shrink.
 */
const isVerticalFirst = (rowsLost: number, columnsLost: number) => rowsLost > 0 && rowsLost > 2 * columnsLost;
