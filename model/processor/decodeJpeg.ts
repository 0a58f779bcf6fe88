import { decode } from "jpeg-js";
import { type Image, makeImage } from "./image.ts";

/**
 * A JPEG as RGB, by jpeg-js (Node and browsers). Grey and CMYK pictures are converted.
 *
 * Not byte-exact: libjpeg interpolates subsampled colour, jpeg-js repeats it, which differs by 1.4 of 255 on average
 * (up to about 100 at sharp colour edges; 0.6 and 3 without subsampling). For parity work start from PNG.
 *
 * `pixels` is what the header announces; it bounds the memory. Throws plain errors on damaged files.
 */
export function decodeJpeg(bytes: Uint8Array, pixels: number): Image {
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    ...(isRgbCoded(bytes) ? { colorTransform: false } : {}),
    maxResolutionInMP: Math.ceil(pixels / 1e6) + 1,
    maxMemoryUsageInMB: 64 + (pixels * BYTES_PER_PIXEL) / 2 ** 20,
  });
  return makeImage(width, height, "RGB", data);
}

/** Peak memory of jpeg-js: coefficients (4 bytes), samples and results, for four components at full resolution. */
const BYTES_PER_PIXEL = 32;

/**
 * Whether three components are red, green and blue rather than YCbCr. libjpeg's rule: a JFIF header means YCbCr,
 * else an Adobe marker says so itself (transform 0 is RGB).
 */
function isRgbCoded(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === 0xda) return false; // the picture begins: no Adobe marker
    const length = bytes[at + 2] * 256 + bytes[at + 3];
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 9));
    if (marker === 0xe0 && name === "JFIF\0") return false;
    if (marker === 0xee && name === "Adobe") return bytes[at + 15] === 0;
    at += 2 + length;
  }
  return false;
}
