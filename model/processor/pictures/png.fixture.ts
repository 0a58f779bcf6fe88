import { deflateSync } from "node:zlib";
import { crc32 } from "./formats/crc32.ts";

function chunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(body.length, 0);
  typed.copy(framed, 4);
  framed.writeUInt32BE(crc32(typed), 4 + typed.length);
  return framed;
}

export interface PngSpec {
  width: number;
  height: number;
  depth: number;
  colorType: 0 | 2 | 3 | 4 | 6;
  interlace?: 0 | 1;
  /** The rows as they are stored, without filter bytes; or, with `interlace`, everything that is compressed. */
  rows: Uint8Array;
  /** Chunks before the data, such as PLTE and tRNS. */
  extra?: Record<string, Uint8Array>;
}

/** A PNG file of any kind, unfiltered. */
export function makePng({ width, height, depth, colorType, interlace = 0, rows, extra = {} }: PngSpec): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, interlace], 8);
  const rowBytes = Math.floor(rows.length / height);
  const filtered = Buffer.alloc((rowBytes + 1) * height);
  for (let y = 0; y < height; y++)
    filtered.set(rows.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    ...Object.entries(extra).map(([type, body]) => chunk(type, body)),
    chunk("IDAT", deflateSync(interlace ? rows : filtered)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** The synthetic picture of the specification: [height, width, channels], (7x + 13y + 29c + 5(xy mod 17)) mod 256. */
export function synthetic(width: number, height: number, channels: number): Uint8Array {
  const data = new Uint8Array(width * height * channels);
  let next = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[next++] = (7 * x + 13 * y + 29 * c + 5 * ((x * y) % 17)) % 256;
    }
  }
  return data;
}

/** A damaged PNG with the checksums of whatever chunks are left in it made right. */
export function withChecksums(png: Uint8Array): Uint8Array {
  const file = Buffer.from(png);
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) break;
    file.writeUInt32BE(crc32(file.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return file;
}
