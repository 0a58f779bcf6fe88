import { concatBytes } from "../../../../core/bytes.ts";
import { FileFormatError } from "../../../../core/errors.ts";
import { textAt, viewOf } from "./bytes.ts";

/** A part of a WebP file (RIFF). */
export interface Chunk {
  type: string;
  body: Uint8Array;
  /** With type, length and padding. */
  whole: Uint8Array;
}

/** The chunks of a WebP file, of which only the ones up to the announced length count. */
export function readChunks(bytes: Uint8Array): Chunk[] {
  const view = viewOf(bytes);
  if (bytes.length < 20) throw new FileFormatError("it begins like a WebP, but its header is cut off");
  const length = 8 + view.getUint32(4, true);
  if (length > bytes.length) throw new FileFormatError(`it is cut off: ${bytes.length} of ${length} bytes are there`);
  const chunks: Chunk[] = [];
  for (let at = 12; at + 8 <= length && chunks.length < MOST_CHUNKS; ) {
    const size = view.getUint32(at + 4, true);
    const end = at + 8 + size;
    if (end > length) throw new FileFormatError("it is damaged: a part of it is longer than the file");
    chunks.push({
      type: textAt(bytes, at, 4),
      body: bytes.subarray(at + 8, end),
      whole: bytes.subarray(at, end + (size & 1)),
    });
    at = end + (size & 1);
  }
  return chunks;
}

/** No picture comes after this many chunks; a file may be made of millions of empty ones. */
const MOST_CHUNKS = 10_000;

/** A WebP file made of whole chunks. */
export function webpFile(...chunks: Uint8Array[]): Uint8Array {
  return chunk("RIFF", concatBytes([new TextEncoder().encode("WEBP"), ...chunks]));
}

/** A chunk: type, length, body, and a zero where the length is odd. */
export function chunk(type: string, body: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  viewOf(length).setUint32(0, body.length, true);
  return concatBytes([new TextEncoder().encode(type), length, body, new Uint8Array(body.length & 1)]);
}

/** Three bytes, lowest first. */
export const uint24 = (bytes: Uint8Array, at: number): number =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);

export function setUint24(bytes: Uint8Array, at: number, value: number): void {
  bytes.set([value & 0xff, (value >> 8) & 0xff, value >> 16], at);
}
