import { FileFormatError } from "../../../../core/errors.ts";
import { viewOf } from "./bytes.ts";
import type { Metadata } from "./orientationIn.ts";
import { type Chunk, readChunks, uint24, webpFile } from "./webpChunks.ts";

export interface Size {
  width: number;
  height: number;
}

/** A still picture: its bitstream's chunk, and its alpha's where that is apart. */
export interface Frame extends Size {
  image: Chunk;
  alpha?: Chunk;
}

export interface WebpFile extends Size {
  hasAlpha: boolean;
  metadata: Metadata;
  frame: Frame;
  /** Where the first picture of an animation stands on its canvas. */
  place?: { left: number; top: number };
}

export const ALPHA = 0x10;
const ANIMATION = 0x02;
const XMP = 0x04;
const EXIF = 0x08;

/** The header of a WebP file; its sizes agree with each other. */
export function readWebpHeader(bytes: Uint8Array): WebpFile {
  const chunks = readChunks(bytes);
  const [first] = chunks;
  if (first?.type !== "VP8X") {
    const frame = findFrame(chunks);
    return { ...sizeOf(frame), hasAlpha: hasAlphaBit(frame.image), metadata: {}, frame };
  }
  if (first.body.length < 10) throw new FileFormatError("it is damaged: its VP8X header is too short");
  const [flags] = first.body;
  const canvas = { width: uint24(first.body, 4) + 1, height: uint24(first.body, 7) + 1 };
  /** A part that the header's flags announce; others are passed over, as libwebp does. */
  const announced = (type: string, flag: number) =>
    (flags & flag) === 0 ? undefined : chunks.find((chunk) => chunk.type === type)?.body;
  const metadata = { exif: announced("EXIF", EXIF), xmp: announced("XMP ", XMP) };
  const file = { ...canvas, hasAlpha: (flags & ALPHA) !== 0, metadata };
  if ((flags & ANIMATION) === 0) {
    const frame = findFrame(chunks);
    requireSize(frame, canvas);
    return { ...file, frame };
  }
  return { ...file, ...readFirstFrame(chunks, canvas) };
}

/** The first picture of an animation. */
function readFirstFrame(chunks: Chunk[], canvas: Size): { frame: Frame; place: { left: number; top: number } } {
  const animated = chunks.find(({ type }) => type === "ANMF");
  if (!animated || animated.body.length < 16) throw new FileFormatError("it is an animation without a picture");
  const { body } = animated;
  const frame = findFrame(readChunks(webpFile(body.subarray(16))));
  requireSize(frame, { width: uint24(body, 6) + 1, height: uint24(body, 9) + 1 });
  const place = { left: 2 * uint24(body, 0), top: 2 * uint24(body, 3) };
  if (place.left + frame.width > canvas.width || place.top + frame.height > canvas.height) {
    throw new FileFormatError("it is damaged: its first picture is larger than its canvas");
  }
  return { frame, place };
}

function findFrame(chunks: Chunk[]): Frame {
  const image = chunks.find(({ type }) => type === "VP8 " || type === "VP8L");
  if (!image) throw new FileFormatError("it is damaged or cut off: there is no picture in it");
  const alpha = image.type === "VP8 " ? chunks.find(({ type }) => type === "ALPH") : undefined;
  return { image, alpha, ...bitstreamSize(image) };
}

/** The size that the compressed picture itself says (RFC 6386, 9.1; WebP Lossless Bitstream, 3). */
function bitstreamSize({ type, body }: Chunk): Size {
  const view = viewOf(body);
  if (type === "VP8L" && body.length >= 5 && body[0] === 0x2f) {
    const bits = view.getUint32(1, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  if (type === "VP8 " && body.length >= 10 && uint24(body, 3) === 0x2a019d) {
    return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff };
  }
  throw new FileFormatError("it is damaged: the header of its picture is wrong");
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height });
const hasAlphaBit = ({ type, body }: Chunk) => type === "VP8L" && (body[4] & 0x10) !== 0;

export function requireSize(found: Size, said: Size): void {
  if (found.width === said.width && found.height === said.height) return;
  const [header, data] = [said, found].map(({ width, height }) => `${width} x ${height}`);
  throw new FileFormatError(`it is damaged: its header says ${header} pixels, its picture ${data}`);
}
