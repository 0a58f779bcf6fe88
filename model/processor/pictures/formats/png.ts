import { FileFormatError } from "../../../../core/errors.ts";
import type { Image } from "../image.ts";
import { textAt, viewOf } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import type { PictureFormat } from "./opened.ts";
import { orientationIn } from "./orientationIn.ts";
import { decodePixels, isKind, type PngHeader } from "./pngPixels.ts";
import { readPngMetadata } from "./pngText.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** PNG of every kind; of an animated one, the first picture. */
export const png: PictureFormat = {
  name: "PNG",
  open(bytes) {
    const header = readHeader(bytes);
    return { width: header.width, height: header.height, orientation, decode };

    async function orientation(): Promise<number> {
      return orientationIn(await readPngMetadata(readChunks(bytes)));
    }

    async function decode(): Promise<Image> {
      const { pixels, palette } = readData(bytes);
      return decodePixels(header, pixels, palette);
    }
  },
};

interface Chunk {
  type: string;
  body: Uint8Array;
  /** Type and body, which the checksum is of. */
  checked: Uint8Array;
  checksum: number;
}

/** The chunks, up to IEND or the end of the file. A note after the pixels may be cut off, as for Pillow. */
function* readChunks(bytes: Uint8Array): Generator<Chunk> {
  let hasPixels = false;
  const view = viewOf(bytes);
  let at = SIGNATURE.length;
  while (at + 12 <= bytes.length) {
    const end = at + 8 + view.getUint32(at);
    const type = textAt(bytes, at + 4, 4);
    if (type === "IEND") return;
    if (end + 4 > bytes.length && hasPixels && type !== "IDAT") return;
    if (end + 4 > bytes.length) throw new FileFormatError(`it is cut off, in the middle of its ${type} chunk`);
    const [body, checked] = [bytes.subarray(at + 8, end), bytes.subarray(at + 4, end)];
    yield { type, body, checked, checksum: view.getUint32(end) };
    hasPixels ||= type === "IDAT";
    at = end + 4;
  }
}

function readHeader(bytes: Uint8Array): PngHeader {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new FileFormatError("it begins like a PNG, but its signature is damaged (was it copied as text?)");
  }
  const { value: first } = readChunks(bytes).next();
  if (first?.type !== "IHDR" || first.body.length < 13) {
    throw new FileFormatError("it begins like a PNG, but its header is damaged or cut off");
  }
  verify(first);
  const view = viewOf(first.body);
  const [depth, colorType, compression, filter, interlace] = first.body.subarray(8);
  if (!isKind(depth, colorType) || compression !== 0 || filter !== 0 || interlace > 1) {
    const kind = `depth ${depth}, colour type ${colorType}, methods ${compression}, ${filter}, ${interlace}`;
    throw new FileFormatError(`PNG has no such kind of picture: ${kind}`);
  }
  return { width: view.getUint32(0), height: view.getUint32(4), depth, colorType, interlaced: interlace === 1 };
}

/** The palette, and the compressed pixels in one piece. */
function readData(bytes: Uint8Array) {
  let size = 0;
  let palette = new Uint8Array();
  for (const chunk of readChunks(bytes)) {
    if (chunk.type === "IDAT") size += chunk.body.length;
    if (chunk.type === "PLTE") palette = readPalette(chunk);
  }
  const pixels = new Uint8Array(size);
  let at = 0;
  for (const chunk of readChunks(bytes)) {
    if (chunk.type !== "IDAT") continue;
    verify(chunk);
    pixels.set(chunk.body, at);
    at += chunk.body.length;
  }
  return { pixels, palette };
}

function readPalette(chunk: Chunk): Uint8Array<ArrayBuffer> {
  verify(chunk);
  const { length } = chunk.body;
  if (length % 3 !== 0 || length > 768) throw new FileFormatError(`it is damaged: a palette of ${length} bytes`);
  return Uint8Array.from(chunk.body);
}

function verify({ type, checked, checksum }: Chunk): void {
  if (crc32(checked) !== checksum)
    throw new FileFormatError(`it is damaged: the checksum of its ${type} chunk is wrong`);
}
