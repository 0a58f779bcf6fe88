import { byteLengthOf, f16ToF32, f32ToF16, type QuantizedDType } from "./dtype.ts";
import { InfimmError } from "./errors.ts";

/**
 * Block-quantised weights: `q8` and `q4`, the one place that says how they lie in memory.
 *
 * The elements of a weight [..., k], k a multiple of 32, are taken 32 at a time along the last axis. A block has one
 * f16 scale d; an element is d · q. In `q8`, q is a signed byte, -127 to 127. In `q4`, q is n - 8 for a nibble n, and
 * d may be negative, so that the element of largest magnitude can be the one that is -8.
 *
 * A tensor is two planes, one after the other. First all quants, row-major, a block in 32 bytes (q8) or 16 bytes (q4:
 * byte j holds element j in its lower half and element j + 16 in its upper half); then all scales, row-major,
 * little-endian. That is 8.5 or 4.5 bits an element. So a SIMD or GPU kernel loads quants in aligned words of 16
 * bytes, and rows are a stretch of each plane.
 */
export const BLOCK = 32;

/** The two planes of a quantised tensor's bytes, as views. */
export interface Planes {
  readonly quants: Uint8Array;
  readonly scales: Uint16Array;
}

/** @param bytes the whole tensor, 2-byte aligned */
export function planesOf(dtype: QuantizedDType, bytes: Uint8Array): Planes {
  const blocks = bytes.length / byteLengthOf(dtype, BLOCK);
  const split = blocks * quantBytes(dtype);
  return {
    quants: bytes.subarray(0, split),
    scales: new Uint16Array(bytes.buffer, bytes.byteOffset + split, blocks),
  };
}

/** Bytes of the quants of one block. */
export function quantBytes(dtype: QuantizedDType): number {
  return dtype === "q8" ? BLOCK : BLOCK / 2;
}

/** Whether rows of `k` elements are whole blocks. */
export function fitsBlocks(k: number): boolean {
  return k > 0 && k % BLOCK === 0;
}

/**
 * Quantise row-major values whose last axis is a multiple of 32.
 * @throws InfimmError for a value that is not finite, or beyond what f16 scales reach (±500,000)
 */
export function quantize(dtype: QuantizedDType, values: Float32Array): Uint8Array {
  if (values.length % BLOCK !== 0) {
    throw new InfimmError(`quantize: expected a multiple of ${BLOCK} values, got ${values.length}`);
  }
  const bytes = new Uint8Array(byteLengthOf(dtype, values.length));
  const planes = planesOf(dtype, bytes);
  const one = dtype === "q8" ? quantizeBlock8 : quantizeBlock4;
  for (let block = 0; block < planes.scales.length; block++) one(values, block, planes);
  return bytes;
}

function quantizeBlock8(values: Float32Array, block: number, { quants, scales }: Planes): void {
  const start = block * BLOCK;
  const scale = scaleFrom(Math.abs(largest(values, start)) / 127, scales, block);
  if (scale === 0) return;
  const inverse = 1 / scale;
  for (let i = start; i < start + BLOCK; i++) {
    const q = ((values[i] * inverse + 128.5) | 0) - 128;
    quants[i] = Math.max(-127, Math.min(127, q)); // as two's complement
  }
}

/**
 * What the element of largest magnitude is divided by, to get scales to try; the one with the least squared error wins.
 * With -8 the largest is kept exactly; clipping it a little often serves the others better. These three come within
 * 1.5 % of the error of a search among 46 (docs/notes/decisions.md).
 */
const DIVISORS = [-8, -8.5, 7.25];

function quantizeBlock4(values: Float32Array, block: number, { quants, scales }: Planes): void {
  const start = block * BLOCK;
  const peak = largest(values, start);
  let scale = scaleFrom(peak / DIVISORS[0], scales, block);
  if (scale === 0) {
    quants.fill(0x88, block * 16, block * 16 + 16);
    return;
  }
  let least = Number.POSITIVE_INFINITY;
  for (const divisor of DIVISORS) {
    const candidate = f16ToF32(f32ToF16(peak / divisor));
    if (candidate === 0) continue;
    const error = squaredError4(values, start, candidate);
    if (error < least) [least, scale] = [error, candidate];
  }
  scales[block] = f32ToF16(scale);
  const inverse = 1 / scale;
  for (let j = 0; j < 16; j++) {
    const low = nibble(values[start + j] * inverse);
    const high = nibble(values[start + j + 16] * inverse);
    quants[block * 16 + j] = low | (high << 4);
  }
}

/** The n in 0 … 15 for which n - 8 is nearest to `x`. */
function nibble(x: number): number {
  const n = (x + 8.5) | 0; // rounds up from the middle; cuts towards 0 what is below, which is clipped anyway
  return Math.max(0, Math.min(15, n));
}

function squaredError4(values: Float32Array, start: number, scale: number): number {
  const inverse = 1 / scale;
  let error = 0;
  for (let i = start; i < start + BLOCK; i++) {
    const rest = values[i] - scale * (nibble(values[i] * inverse) - 8);
    error += rest * rest;
  }
  return error;
}

/** The element of largest magnitude, with its sign. */
function largest(values: Float32Array, start: number): number {
  let peak = 0;
  let size = 0;
  for (let i = start; i < start + BLOCK; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > size) {
      size = magnitude;
      peak = values[i];
    } else if (Number.isNaN(magnitude)) return Number.NaN;
  }
  return peak;
}

/** Store a block's scale, and return it as it was rounded. */
function scaleFrom(scale: number, scales: Uint16Array, block: number): number {
  const rounded = f16ToF32((scales[block] = f32ToF16(scale === 0 ? 0 : scale)));
  if (!Number.isFinite(rounded)) {
    throw new InfimmError(
      `quantize: elements ${block * BLOCK} to ${block * BLOCK + BLOCK - 1} need a scale of ${scale}; they must be finite, and at most 500,000`,
    );
  }
  return rounded;
}

/** All elements of a quantised tensor. */
export function dequantize(dtype: QuantizedDType, bytes: Uint8Array): Float32Array {
  const out = new Float32Array((bytes.length / byteLengthOf(dtype, BLOCK)) * BLOCK);
  dequantizeRun(dtype, planesOf(dtype, bytes), 0, out.length, out);
  return out;
}

/**
 * Elements `start` to `start + count` (multiples of 32) of a quantised tensor.
 * @param out its first `count` elements are written
 */
export function dequantizeRun(
  dtype: QuantizedDType,
  { quants, scales }: Planes,
  start: number,
  count: number,
  out: Float32Array,
): void {
  const from = start / BLOCK;
  const blocks = count / BLOCK;
  for (let block = 0; block < blocks; block++) {
    const d = f16ToF32(scales[from + block]);
    const to = block * BLOCK;
    if (dtype === "q8") {
      const at = (from + block) * BLOCK;
      for (let i = 0; i < BLOCK; i++) out[to + i] = d * ((quants[at + i] << 24) >> 24);
    } else {
      const at = (from + block) * 16;
      for (let j = 0; j < 16; j++) {
        const pair = quants[at + j];
        out[to + j] = d * ((pair & 15) - 8);
        out[to + j + 16] = d * ((pair >> 4) - 8);
      }
    }
  }
}
