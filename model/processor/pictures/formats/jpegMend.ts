import { concatBytes } from "../../../../core/bytes.ts";
import type { HuffmanTable } from "./jpegBits.ts";
import type { Plane } from "./jpegBlocks.ts";
import { JpegCoefficients } from "./jpegCoefficients.ts";
import type { Segment } from "./jpegSegments.ts";
import { STANDARD_TABLES, ZIGZAG } from "./jpegTables.ts";

/**
 * A sound sequential JPEG with the coefficients of a damaged one, or of one with marks that few decoders know: what
 * libjpeg makes of it, for decoders that are less patient. Throws plain errors where libjpeg gives up, too.
 */
export function mended(file: Uint8Array, segments: readonly Segment[]): Uint8Array {
  const frame = segments.find(({ marker }) => isFrame(marker));
  if (!frame) throw new Error("there is no picture");
  const { planes } = coefficientsOf(file, segments);
  const kept = segments.filter(({ marker }) => marker === 0xe0 || marker === 0xee); // which say how colours are coded
  const parts = [Uint8Array.of(0xff, 0xd8), ...kept.map(({ marker, body }) => segment(marker, body))];
  for (const [i, { quantTable }] of planes.entries()) parts.push(segment(0xdb, quantSegment(i, quantTable)));
  parts.push(
    segment(0xc0, frameSegment(frame.body)),
    segment(0xc4, huffmanSegment()),
    segment(0xda, scanSegment(planes)),
  );
  parts.push(encoded(planes), Uint8Array.of(0xff, 0xd9));
  return concatBytes(parts);
}

/** The coefficients of a picture, of as many scans as it has. Throws a FileFormatError if the file ends in one. */
export function coefficientsOf(file: Uint8Array, segments: readonly Segment[]): JpegCoefficients {
  const coefficients = new JpegCoefficients();
  for (const { marker, body, end } of segments) {
    if (marker === 0xdb) coefficients.readQuantTables(body);
    else if (marker === 0xc4) coefficients.readHuffmanTables(body);
    else if (marker === 0xdd) coefficients.readInterval(body);
    else if (isFrame(marker)) coefficients.readFrame(marker, body);
    else if (marker === 0xda) coefficients.readScan(body, file, end);
  }
  return coefficients;
}

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;

function segment(marker: number, body: Uint8Array): Uint8Array {
  const length = body.length + 2;
  return concatBytes([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), body]);
}

/** A table of 16 bits a number, under the number of its plane. */
function quantSegment(number: number, table: Uint16Array | undefined): Uint8Array {
  if (!table) throw new Error("a quantisation table is missing");
  return Uint8Array.of(0x10 | number, ...Array.from(table).flatMap((value) => [value >> 8, value & 0xff]));
}

function frameSegment(body: Uint8Array): Uint8Array {
  const frame = body.slice(0, 6 + 3 * body[5]);
  for (let i = 0; i < frame[5]; i++) frame[8 + 3 * i] = i;
  return frame;
}

const TABLES: readonly HuffmanTable[] = [STANDARD_TABLES[0][0], STANDARD_TABLES[1][0]];

function huffmanSegment(): Uint8Array {
  return concatBytes(TABLES.flatMap(({ counts, values }, kind) => [Uint8Array.of(kind << 4), counts, values]));
}

function scanSegment(planes: readonly Plane[]): Uint8Array {
  return Uint8Array.of(planes.length, ...planes.flatMap(({ id }) => [id, 0]), 0, 63, 0);
}

/** The blocks of one scan of all planes. */
function encoded(planes: readonly Plane[]): Uint8Array {
  const writer = new BitWriter();
  const lastDc = planes.map(() => 0);
  const isAlone = planes.length === 1;
  const [first] = planes;
  const columns = isAlone ? first.ownAcross : first.across / first.h;
  const rows = isAlone ? first.ownDown : first.down / first.v;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (const [i, { h, v, across, coefficients }] of planes.entries())
        for (let y = 0; y < (isAlone ? 1 : v); y++)
          for (let x = 0; x < (isAlone ? 1 : h); x++) {
            const at = ((isAlone ? row : row * v + y) * across + (isAlone ? column : column * h + x)) * 64;
            lastDc[i] = writeBlock(writer, coefficients.subarray(at, at + 64), lastDc[i]);
          }
  return writer.finish();
}

/** Sizes that the standard tables have codes for: a DC step has 11 bits at most, another coefficient 10. */
const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

function writeBlock(writer: BitWriter, block: Int16Array, lastDc: number): number {
  const step = clamp(block[0] - lastDc, 2047);
  writer.code(0, sizeOf(step));
  writer.signed(step);
  let run = 0;
  for (let k = 1; k < 64; k++) {
    const value = clamp(block[ZIGZAG[k]], 1023);
    if (value === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) writer.code(1, 0xf0);
    writer.code(1, (run << 4) | sizeOf(value));
    writer.signed(value);
    run = 0;
  }
  if (run > 0) writer.code(1, 0);
  return lastDc + step;
}

/** How many bits a number's magnitude has. */
const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));

/** For each table: what is coded -> [code, bits]. */
const CODES = TABLES.map(({ counts, values }) => {
  const codes = new Map<number, [code: number, bits: number]>();
  let [code, at] = [0, 0];
  for (let length = 1; length <= 16; length++, code <<= 1)
    for (let i = 0; i < counts[length - 1]; i++) codes.set(values[at++], [code++, length]);
  return codes;
});

class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #buffer = 0;
  #count = 0;

  code(table: number, value: number): void {
    const [code, bits] = CODES[table].get(value)!;
    this.#write(code, bits);
  }

  signed(value: number): void {
    const size = sizeOf(value);
    this.#write(value < 0 ? value + 2 ** size - 1 : value, size);
  }

  /** The bytes, the last one filled up with ones. */
  finish(): Uint8Array {
    if (this.#count > 0) this.#write((1 << (8 - this.#count)) - 1, 8 - this.#count);
    return this.#bytes.subarray(0, this.#length);
  }

  #write(value: number, bits: number): void {
    this.#buffer = (this.#buffer << bits) | value; // 7 bits wait at most, and 16 come
    this.#count += bits;
    while (this.#count >= 8) {
      this.#count -= 8;
      const byte = (this.#buffer >> this.#count) & 0xff;
      this.#push(byte);
      if (byte === 0xff) this.#push(0);
    }
    this.#buffer &= (1 << this.#count) - 1;
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const longer = new Uint8Array(2 * this.#length);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes[this.#length++] = byte;
  }
}
