import { InfimmError, showShape } from "../../../core/errors.ts";

/**
 * How a picture was stored. It decides how Pillow, and so this processor, resizes it:
 *
 * | mode | channels | resized |
 * | --- | --- | --- |
 * | `1` | 1 (0 or 255) | nearest neighbour |
 * | `P` | 3 (palette colours, already looked up) | nearest neighbour |
 * | `L`, `RGB` | 1, 3 | bicubic |
 * | `LA`, `RGBA` | 2, 4 | bicubic on premultiplied alpha |
 */
export type ImageMode = "1" | "P" | "L" | "LA" | "RGB" | "RGBA";

export const CHANNELS: Record<ImageMode, 1 | 2 | 3 | 4> = { "1": 1, P: 3, L: 1, LA: 2, RGB: 3, RGBA: 4 };

/** A decoded picture. `data` is row-major [height, width, channels], 8 bits a sample, without gaps. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly mode: ImageMode;
  readonly data: Uint8Array;
}

/** A rectangle of a picture, in pixels. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What an `ndarray` of pixels looks like: [height, width, channels], strides and offset in elements. */
export interface PixelNdarray {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** An image over `data`, which is not copied. Throws if the sizes do not fit. */
export function makeImage(width: number, height: number, mode: ImageMode, data: Uint8Array): Image {
  const isSize = (n: number) => Number.isInteger(n) && n > 0;
  if (!isSize(width) || !isSize(height)) {
    throw new InfimmError(`image: width and height must be positive integers, got ${width} x ${height}`);
  }
  const expected = width * height * CHANNELS[mode];
  if (data.length !== expected) {
    throw new InfimmError(
      `image: ${width} x ${height} pixels of mode ${mode} need ${expected} bytes, got ${data.length}`,
    );
  }
  return { width, height, mode, data };
}

/** The image as `ndarray` [height, width, channels], over the same memory: `ndarray(a.data, a.shape, a.stride)`. */
export function toNdarray(image: Image): { data: Uint8Array; shape: number[]; stride: number[]; offset: number } {
  const channels = CHANNELS[image.mode];
  return {
    data: image.data,
    shape: [image.height, image.width, channels],
    stride: [image.width * channels, channels, 1],
    offset: 0,
  };
}

const MODE_OF_CHANNELS: Record<number, ImageMode> = { 1: "L", 2: "LA", 3: "RGB", 4: "RGBA" };

/**
 * An image from an `ndarray` [height, width, channels] of bytes. Shares its memory if that is row-major without
 * gaps; any other view (a crop, a flip, `get-pixels`' [width, height, channels] transposed) is copied.
 */
export function fromNdarray(pixels: PixelNdarray): Image {
  const { data, shape, stride, offset } = pixels;
  const mode = MODE_OF_CHANNELS[shape[2]];
  if (shape.length !== 3 || mode === undefined) {
    throw new InfimmError(`fromNdarray: expected [height, width, 1 to 4 channels], got shape ${showShape(shape)}`);
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new InfimmError("fromNdarray: expected bytes (Uint8Array or Uint8ClampedArray, 0 to 255), got other data");
  }
  const [height, width, channels] = shape;
  requireInside(pixels);
  const isRowMajor = stride[2] === 1 && stride[1] === channels && stride[0] === width * channels;
  if (isRowMajor) {
    const size = height * width * channels;
    return makeImage(width, height, mode, new Uint8Array(data.buffer, data.byteOffset + offset, size));
  }
  const copy = new Uint8Array(height * width * channels);
  let next = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) copy[next++] = data[offset + y * stride[0] + x * stride[1] + c * stride[2]];
    }
  }
  return makeImage(width, height, mode, copy);
}

function requireInside({ data, shape, stride, offset }: PixelNdarray): void {
  const isWhole = [...shape, ...stride, offset].every(Number.isInteger);
  const ends = shape.map((size, axis) => (size - 1) * stride[axis]);
  const lowest = ends.reduce((sum, end) => sum + Math.min(0, end), offset);
  const highest = ends.reduce((sum, end) => sum + Math.max(0, end), offset);
  if (shape.some((size) => size < 1) || (isWhole && lowest >= 0 && highest < data.length)) return;
  throw new InfimmError(
    `fromNdarray: shape ${showShape(shape)}, stride ${showShape(stride)}, offset ${offset} reach beyond ${data.length} bytes`,
  );
}
