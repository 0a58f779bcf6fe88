import { imageSize } from "image-size";
import { FileFormatError, InfimmError } from "../../core/errors.ts";
import { decodeJpeg } from "./decodeJpeg.ts";
import { decodePng } from "./decodePng.ts";
import type { Image } from "./image.ts";
import { applyOrientation } from "./orientation.ts";

export interface DecodeOptions {
  /** What the messages call the picture: its path, say. */
  name?: string;
  /** Larger pictures are refused before they are decoded. Default 50 million pixels. */
  maxPixels?: number;
  /** "apply" turns JPEGs upright by their EXIF orientation. Default "ignore", as the original processor does. */
  orientation?: "ignore" | "apply";
}

/**
 * Decodes a PNG or JPEG file (Node: pngjs needs its zlib; in a browser, draw the file on a canvas and take the bytes
 * with `makeImage`). The header is read first, so that a huge picture costs nothing.
 *
 * Throws `FileFormatError` for anything that is not a whole PNG or JPEG, and for pictures over the pixel budget.
 */
export function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Image {
  const { name = "picture", maxPixels = 50e6, orientation = "ignore" } = options;
  const header = probe(bytes, name);
  const pixels = header.width * header.height;
  if (pixels === 0) throw new FileFormatError(`${name}: the header says ${header.width} x ${header.height} pixels`);
  if (pixels > maxPixels) {
    const size = `${header.width} x ${header.height} = ${(pixels / 1e6).toFixed(1)} million pixels`;
    throw new FileFormatError(
      `${name}: ${size} is more than the limit of ${maxPixels / 1e6} million; make it smaller or raise maxPixels`,
    );
  }
  const image = decodeAs(header.type, bytes, pixels, name);
  return orientation === "apply" ? applyOrientation(image, header.orientation ?? 1) : image;
}

interface Probe {
  type: "png" | "jpg";
  width: number;
  height: number;
  orientation?: number;
}

function probe(bytes: Uint8Array, name: string): Probe {
  if (bytes.length === 0) throw new FileFormatError(`${name}: the file is empty; expected a PNG or JPEG picture`);
  let found: ReturnType<typeof imageSize>;
  try {
    found = imageSize(bytes);
  } catch (cause) {
    throw new FileFormatError(`${name}: ${whatIsWrong(bytes)}`, { cause });
  }
  const { type, width, height, orientation } = found;
  if (type === "png" || type === "jpg") return { type, width, height, orientation };
  throw new FileFormatError(
    `${name}: this is ${String(type).toUpperCase()}, which is not supported yet; ` +
      `convert it to PNG, for example with: magick in.${type} out.png`,
  );
}

function whatIsWrong(bytes: Uint8Array): string {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (isPng) return "it begins like a PNG, but its header is damaged or cut off";
  if (isJpeg) return "it begins like a JPEG, but holds no readable size (cut off, or of a rare arithmetic-coded kind)";
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 16));
  if (/^[\s\x20-\x7e]+$/.test(text)) return `expected a PNG or JPEG picture, but this is text: ${JSON.stringify(text)}`;
  const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `expected a PNG or JPEG picture, but the file begins with ${start}`;
}

function decodeAs(type: "png" | "jpg", bytes: Uint8Array, pixels: number, name: string): Image {
  try {
    return type === "png" ? decodePng(bytes) : decodeJpeg(bytes, pixels);
  } catch (cause) {
    if (cause instanceof InfimmError) throw cause;
    const format = type === "png" ? "PNG" : "JPEG";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileFormatError(
      `${name}: the ${format} cannot be decoded, it is probably cut off or damaged (${reason})`,
      {
        cause,
      },
    );
  }
}
