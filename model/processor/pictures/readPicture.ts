import { InfimmError } from "../../../core/errors.ts";
import type { Drawable } from "../../../core/platformTypes.ts";
import { requireKnown } from "../../../core/knownNames.ts";
import { requireBytesWithin } from "../../files/collectBytes.ts";
import { type DecodeOptions, decodeImage, MAX_PIXELS, requireWithin } from "./decodeImage.ts";
import { isNode } from "../../files/isNode.ts";
import { fromNdarray, type Image, makeImage, type PixelNdarray } from "./image.ts";

/** What `ImageData` of a canvas looks like: RGBA. */
export interface CanvasPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/**
 * Whatever a picture may come as.
 *
 * - a string or `URL`: an http(s) address, a data URL, or a path (in a browser, an address relative to the page)
 * - the bytes of a file, or a `Blob` or `File`
 * - pixels: `ImageData`, an `ndarray` [height, width, 1 to 4 channels] of bytes, or an `Image`
 * - in a browser: an `ImageBitmap`, a canvas, an image or video element, a `VideoFrame`
 */
export type PictureSource =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | CanvasPixels
  | PixelNdarray
  | Image
  | Drawable;

/** Options of readPicture. */
export interface PictureOptions extends DecodeOptions {
  /** Longer files are refused before they are read. Default 100 million bytes. */
  maxBytes?: number;
  /** Milliseconds that an address has to answer and to send everything. Default 30,000. */
  timeout?: number;
  /** Stops fetching. */
  signal?: AbortSignal;
}

/** All names of `PictureOptions`. */
export const PICTURE_NAMES = ["name", "maxPixels", "orientation", "maxBytes", "timeout", "signal"];

/**
 * A picture from anywhere: PNG, JPEG or WebP files by path, address or bytes, or pixels.
 *
 *     const picture = await readPicture("cat.jpg", { orientation: "apply" });
 *
 * Throws an `InfimmError` that names the picture and says what is wrong with it.
 */
export async function readPicture(source: PictureSource, options: PictureOptions = {}): Promise<Image> {
  requireKnown("readPicture", options, PICTURE_NAMES);
  if (isPixels(source)) return fromPixels(source, options.maxPixels ?? MAX_PIXELS);
  if (typeof source === "object" && !(source instanceof Uint8Array || source instanceof Blob)) {
    const { drawnPixels, isDrawable } = await import("./drawn.ts");
    if (isDrawable(source)) return drawnPixels(source, options.maxPixels ?? MAX_PIXELS);
  }
  const { name = nameOf(source), maxBytes = 100e6, timeout = 30_000, signal } = options;
  const bytes = await bytesOf(source, name, { maxBytes, timeout, signal });
  const { maxPixels, orientation } = options;
  return decodeImage(bytes, { maxPixels, orientation, name });
}

type Pixels = Image | CanvasPixels | PixelNdarray;
type FileSource = Exclude<PictureSource, Pixels | Drawable>;

function isPixels(source: PictureSource): source is Pixels {
  return typeof source === "object" && source !== null && "data" in source && ("width" in source || "shape" in source);
}

function fromPixels(source: Pixels, maxPixels: number): Image {
  if ("shape" in source) {
    const [height, width] = source.shape;
    requireWithin(maxPixels, { width, height }); // one byte with strides of 0 may pose as any size
    return fromNdarray(source);
  }
  const { width, height, data } = source;
  requireWithin(maxPixels, source);
  if ("mode" in source) return makeImage(width, height, source.mode, source.data);
  return makeImage(width, height, "RGBA", new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function nameOf(source: FileSource): string {
  if (typeof source !== "string" && !(source instanceof URL)) {
    return source instanceof Blob && "name" in source ? String(source.name) : "picture";
  }
  const text = String(source);
  return /^data:/i.test(text) ? `${text.slice(0, 30)}…` : text;
}

type Limits = Required<Pick<PictureOptions, "maxBytes" | "timeout">> & Pick<PictureOptions, "signal">;

async function bytesOf(source: FileSource, name: string, limits: Limits): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) {
    requireBytesWithin(limits.maxBytes, source.size, name);
    return new Uint8Array(await source.arrayBuffer());
  }
  if (typeof source === "string" || source instanceof URL) return bytesAt(String(source), name, limits);
  throw new InfimmError(
    "picture: expected a path, an address, the bytes of a file, a Blob, ImageData, an ndarray, an Image, or what a " +
      `browser can draw, got ${source === null ? "null" : typeof source}`,
  );
}

async function bytesAt(address: string, name: string, limits: Limits): Promise<Uint8Array> {
  if (/^data:/i.test(address)) {
    const { bytesOfDataUrl } = await import("../../files/dataUrl.ts");
    return bytesOfDataUrl(address, limits.maxBytes, name);
  }
  if (/^https?:/i.test(address)) return fetched(address, limits);
  if (!isNode) return fetched(new URL(address, globalThis.document?.baseURI ?? location.href).href, limits);
  const { readAddress } = await import("../../files/readFile.ts");
  return readAddress(address, "picture", limits.maxBytes);
}

async function fetched(address: string, limits: Limits): Promise<Uint8Array> {
  return (await import("../../files/fetchBytes.ts")).fetchBytes(address, limits);
}
