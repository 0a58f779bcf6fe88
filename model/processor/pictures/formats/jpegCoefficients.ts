import { viewOf } from "./bytes.ts";
import type { HuffmanTable } from "./jpegBits.ts";
import { decodeSequential, type Plane, progressiveDecoder, type ScanRange } from "./jpegBlocks.ts";
import { readUnits } from "./jpegScan.ts";
import { STANDARD_TABLES } from "./jpegTables.ts";

/**
 * The coefficients of a JPEG, sequential or progressive, read segment by segment with libjpeg's patience: data that end
 * early leave blocks empty, codes that no table has mean 0, and restart markers are looked for where they are missing.
 */
export class JpegCoefficients {
  readonly planes: Plane[] = [];
  #isProgressive = false;
  #interval = 0;
  readonly #quantTables: (Uint16Array | undefined)[] = [];
  readonly #huffman: HuffmanTable[][] = STANDARD_TABLES.map((tables) => [...tables]);

  /** SOF0, SOF1 or SOF2. */
  readFrame(marker: number, body: Uint8Array): void {
    this.#isProgressive = marker === 0xc2;
    const view = viewOf(body);
    const [height, width] = [view.getUint16(1), view.getUint16(3)];
    const factors = Array.from({ length: body[5] }, (_, i) => ({ h: body[7 + 3 * i] >> 4, v: body[7 + 3 * i] & 15 }));
    const [mostH, mostV] = [Math.max(...factors.map(({ h }) => h)), Math.max(...factors.map(({ v }) => v))];
    for (const [i, { h, v }] of factors.entries()) {
      const across = Math.ceil(width / (8 * mostH)) * h;
      const down = Math.ceil(height / (8 * mostV)) * v;
      const [ownAcross, ownDown] = [Math.ceil((width * h) / (8 * mostH)), Math.ceil((height * v) / (8 * mostV))];
      const coefficients = new Int16Array(across * down * 64);
      const named = { id: body[6 + 3 * i], h, v, quantNumber: body[8 + 3 * i] };
      this.planes.push({ ...named, across, down, ownAcross, ownDown, coefficients, quantTable: undefined });
    }
  }

  /** DQT */
  readQuantTables(body: Uint8Array): void {
    for (let at = 0; at < body.length; ) {
      const kind = body[at++];
      const bytes = kind >> 4 ? 2 : 1;
      const table = new Uint16Array(64);
      for (let k = 0; k < 64; k++, at += bytes) table[k] = bytes === 2 ? body[at] * 256 + body[at + 1] : body[at];
      if (at > body.length) throw new Error("a quantisation table is cut off");
      this.#quantTables[kind & 15] = table;
    }
  }

  /** DHT */
  readHuffmanTables(body: Uint8Array): void {
    for (let at = 0; at < body.length; ) {
      const kind = body[at];
      const counts = body.slice(at + 1, at + 17);
      const size = counts.reduce((sum, count) => sum + count, 0);
      const values = body.slice(at + 17, (at += 17 + size));
      if (at > body.length || size > 256 || kind >> 4 > 1) throw new Error("a Huffman table is damaged");
      this.#huffman[kind >> 4][kind & 15] = { counts, values };
    }
  }

  /** DRI */
  readInterval(body: Uint8Array): void {
    this.#interval = viewOf(body).getUint16(0);
  }

  /**
   * SOS, and the data after it, which begin at `start` of `file`.
   * @throws FileFormatError if the file ends before the scan does
   */
  readScan(body: Uint8Array, file: Uint8Array, start: number): void {
    const count = body[0];
    const parts = Array.from({ length: count }, (_, i) => {
      const plane = this.planes.find(({ id }) => id === body[1 + 2 * i]);
      if (!plane) throw new Error("a scan of a colour that the picture does not have");
      plane.quantTable ??= this.#quantTables[plane.quantNumber];
      const tables = body[2 + 2 * i];
      return { plane, dc: this.#huffman[0][tables >> 4], ac: this.#huffman[1][tables & 15] };
    });
    const range: ScanRange = {
      start: body[1 + 2 * count],
      end: body[2 + 2 * count],
      before: body[3 + 2 * count] >> 4,
      shift: body[3 + 2 * count] & 15,
    };
    if (this.#isProgressive && (range.start > range.end || range.end > 63 || (range.start > 0 && count > 1)))
      throw new Error("a scan of coefficients that there are not");
    const decode = this.#isProgressive ? progressiveDecoder(range) : decodeSequential;
    readUnits(file, start, parts, this.#interval, decode);
  }
}
