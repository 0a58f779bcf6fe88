import { concatBytes } from "../../../../core/bytes.ts";
import { FileFormatError } from "../../../../core/errors.ts";

/** Deflate makes 258 bytes of 2 bits at best, so no data grows by more than this. */
const MOST_GROWTH = 1032;

/**
 * The first `length` bytes of zlib data (Node and browsers). Neither more memory than that is taken, whatever the data
 * would grow to, nor any before it is plain that the bytes can hold that much.
 */
export async function inflate(data: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array> {
  if (data.length * MOST_GROWTH < length) throw tooShort(data.length, length);
  const out = new Uint8Array(length);
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (let at = 0; at < length; ) {
    const { done, value } = await reader.read();
    if (done) throw tooShort(at, length);
    out.set(value.subarray(0, length - at), at);
    at += value.length;
  }
  await reader.cancel();
  return out;
}

const tooShort = (have: number, need: number) =>
  new FileFormatError(`it is cut off or damaged: its size needs ${need} bytes of pixels, and ${have} are there`);

/** All of some zlib data; nothing if it is damaged, or grows beyond `most` bytes. */
export async function inflateAll(data: Uint8Array, most: number): Promise<Uint8Array> {
  const reader = new Blob([data.slice()]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concatBytes(parts);
      length += value.length;
      if (length > most) break;
      parts.push(value);
    }
  } catch {
    return new Uint8Array();
  }
  await reader.cancel();
  return new Uint8Array();
}
