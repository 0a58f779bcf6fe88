import { decode } from "jpeg-js";
import { FileFormatError } from "../../../../core/errors.ts";
import { type Image, makeImage } from "../image.ts";
import { firstChannels } from "./firstChannels.ts";
import type { JpegHeader } from "./jpegHeader.ts";
import { mended } from "./jpegMend.ts";
import { requireSoundSegments } from "./jpegSound.ts";
import { type CreateCodec, wasmCodec } from "./wasmCodec.ts";

/**
 * A JPEG as Pillow opens it: by `@jsquash/jpeg` if that is installed, else by jpeg-js. jpeg-js also reads CMYK, which
 * `@jsquash/jpeg` does not; it becomes RGB at once. Throws plain errors on damaged files.
 */
export async function decodeJpeg(bytes: Uint8Array, header: JpegHeader): Promise<Image> {
  const isCmyk = header.components.length === 4;
  return (isCmyk ? undefined : await decodeExactly(bytes, header)) ?? decodeNearly(bytes, header);
}

const libjpeg = wasmCodec("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm", async () => {
  try {
    return (await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js")).default as unknown as CreateCodec;
  } catch {
    return undefined;
  }
});

/** By libjpeg, compiled to WebAssembly: Pillow's bytes. Undefined if the package `@jsquash/jpeg` is not installed. */
export async function decodeExactly(bytes: Uint8Array, header: JpegHeader): Promise<Image | undefined> {
  const picture = await libjpeg((codec) => codec.decode(bytes, false));
  if (picture === null) throw new FileFormatError("it is damaged");
  return picture && toImage(picture, 4, header);
}

/**
 * By jpeg-js, which is always there. Not byte-exact: libjpeg interpolates subsampled colour, jpeg-js repeats it, which
 * differs by 1.4 of 255 on average (up to about 100 at sharp colour edges; 0.6 and 3 without subsampling). A damaged file
 * that it does not take is mended first, as libjpeg would.
 */
export function decodeNearly(bytes: Uint8Array, header: JpegHeader): Image {
  requireSoundSegments(header.segments);
  try {
    return decodeBy(bytes, header);
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    return decodeBy(mended(bytes, header.segments), header);
  }
}

function decodeBy(bytes: Uint8Array, header: JpegHeader): Image {
  const pixels = header.width * header.height;
  const isUnmarkedCmyk = header.components.length === 4 && !header.isMarked;
  const picture = decode(isUnmarkedCmyk ? withCmykMark(bytes) : bytes, {
    useTArray: true,
    formatAsRGBA: false,
    ...(header.components.length === 3 ? { colorTransform: !header.isRgb } : {}),
    maxResolutionInMP: Math.ceil(pixels / 1e6) + 1,
    maxMemoryUsageInMB: 64 + (pixels * BYTES_PER_PIXEL) / 2 ** 20,
  });
  return toImage(picture, 3, header);
}

/** jpeg-js wants to be told by an Adobe marker that four components are CMYK; others take it for granted. */
function withCmykMark(bytes: Uint8Array): Uint8Array {
  const mark = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];
  const marked = new Uint8Array(bytes.length + mark.length);
  marked.set(bytes.subarray(0, 2));
  marked.set(mark, 2);
  marked.set(bytes.subarray(2), 2 + mark.length);
  return marked;
}

/** Peak memory of jpeg-js: coefficients (4 bytes), samples and results, for four components at full resolution. */
const BYTES_PER_PIXEL = 32;

interface Decoded {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

/** What a decoder made, as "L" or "RGB"; `stored` channels a pixel are in its data. */
function toImage({ width, height, data }: Decoded, stored: 3 | 4, header: JpegHeader): Image {
  if (width !== header.width || height !== header.height) {
    throw new FileFormatError(
      `its header says ${header.width} x ${header.height} pixels, its data ${width} x ${height}`,
    );
  }
  const isGrey = header.components.length === 1;
  if (isGrey) return makeImage(width, height, "L", firstChannels(data, stored, 1));
  return makeImage(width, height, "RGB", stored === 3 ? new Uint8Array(data.buffer) : firstChannels(data, stored, 3));
}
