import { FileFormatError } from "../../../../core/errors.ts";
import { isKnown, SCAN, type Segment } from "./jpegSegments.ts";

const refuse = (why: string): never => {
  throw new FileFormatError(`it is damaged: ${why}`);
};

/**
 * Refuses a file for what libjpeg gives up at, for decoders that would go on: a second beginning, unknown markers, and
 * segments that are not as long as what they hold.
 */
export function requireSoundSegments(segments: readonly Segment[]): void {
  const tables: Tables = [[], []];
  let isProgressive = false;
  for (const { marker, length, body } of segments) {
    if (marker === 0xd8) refuse("it begins a second time");
    if (!isKnown(marker)) refuse(`0xff${marker.toString(16).padStart(2, "0")} is no marker of a segment`);
    if (marker === 0xc2) isProgressive = true;
    if (marker === 0xc4) readTables(length, body, tables);
    if (marker === 0xdb) requireQuantTables(length, body);
    if (marker === 0xdd && length !== 4) refuse(`a restart interval of ${length} bytes`);
    if (isFrame(marker) && length !== 8 + 3 * body[5]) refuse(`a frame header of ${length} bytes`);
    if (marker === SCAN) requireScan(length, body, tables, isProgressive);
  }
}

/** For each class of Huffman tables, which by number are sound: codes that fit their lengths, and no step of DC over 15 bits. */
type Tables = (boolean | undefined)[][];

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;

function readTables(length: number, body: Uint8Array, tables: Tables): void {
  let left = length - 2;
  for (let at = 0; left > 16; ) {
    const kind = body[at];
    const counts = body.slice(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    const values = body.subarray(at + 17, at + 17 + size);
    at += 17 + size;
    left -= 17;
    if (size > 256 || size > left || (kind & ~0x10) > 3) refuse("a Huffman table of wrong size");
    left -= size;
    tables[kind >> 4][kind & 15] = fits(counts) && (kind >> 4 === 1 || values.every((value) => value <= 15));
  }
  if (left !== 0) refuse("a segment of Huffman tables of wrong length");
}

function requireQuantTables(length: number, body: Uint8Array): void {
  let left = length - 2;
  for (let at = 0; left > 0; ) {
    if ((body[at] & 15) > 3) refuse(`a quantisation table of number ${body[at] & 15}`);
    const size = body[at] >> 4 ? 129 : 65;
    left -= size;
    at += size;
  }
  if (left !== 0) refuse("a segment of quantisation tables of wrong length");
}

/** A scan of 1 to 4 colours, with sound tables. A sequential one may do without: there are standard ones. */
function requireScan(length: number, body: Uint8Array, tables: Tables, isProgressive: boolean): void {
  const count = body[0];
  if (length !== 6 + 2 * count || count < 1 || count > 4) refuse(`a scan header of ${length} bytes`);
  const [start, , bits] = body.subarray(1 + 2 * count);
  const classes = isProgressive ? (start > 0 ? [1] : bits >> 4 ? [] : [0]) : [0, 1];
  for (let i = 0; i < count; i++) {
    for (const kind of classes) {
      const number = kind === 0 ? body[2 + 2 * i] >> 4 : body[2 + 2 * i] & 15;
      const isSound = tables[kind][number];
      if (isSound === undefined && (isProgressive || number > 1)) refuse("a Huffman table is missing");
      if (isSound === false) refuse("a Huffman table holds what no code can mean");
    }
  }
}

function fits(counts: Uint8Array): boolean {
  let code = 0;
  return counts.every((count, i) => {
    code += count;
    const isRoom = code <= 2 ** (i + 1);
    code *= 2;
    return isRoom;
  });
}
