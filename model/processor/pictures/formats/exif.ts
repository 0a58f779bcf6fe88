import { textAt, viewOf } from "./bytes.ts";

const ORIENTATION = 0x0112;
const UPRIGHT = 1;

/** The first bytes of TIFF blocks, the right ones and those that Pillow forgives. */
const MAGICS = ["MM\0*", "II*\0", "MM*\0", "II\0*", "MM\0+"];

/** Bytes an element of TIFF's types: byte, text, short, long, rational and so on. Other types are passed over. */
const UNIT_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8 },
};

/**
 * The orientation in an EXIF block, with or without its "Exif\0\0" mark, as Pillow 13 reads it; undefined if the block
 * has none, so that XMP may say it. 1 (upright) for a block that cannot be read: no picture is refused for that.
 */
export function orientationOf(exif: Uint8Array): number | undefined {
  let tiff = exif;
  for (let i = 0; i < 2 && textAt(tiff, 0, 6) === "Exif\0\0"; i++) tiff = tiff.subarray(6);
  if (tiff.length === 0) return undefined;
  if (tiff.length < 8 || !MAGICS.includes(textAt(tiff, 0, 4))) return UPRIGHT;
  const littleEndian = textAt(tiff, 0, 2) === "II";
  const value = findValue(tiff, littleEndian);
  if (value === undefined) return undefined;
  const number = numberIn(value, littleEndian);
  return number >= 1 && number <= 8 && Number.isInteger(number) ? number : UPRIGHT;
}

interface Value {
  readonly type: number;
  readonly data: Uint8Array;
}

/** The first orientation of a directory. As Pillow does, it ends where the block does, or at a value beyond its end. */
function findValue(tiff: Uint8Array, littleEndian: boolean): Value | undefined {
  const view = viewOf(tiff);
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > tiff.length) return undefined;
  const entries = view.getUint16(directory, littleEndian);
  const seen = new Set<number>();
  let bytesElsewhere = 0;
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return undefined;
    const type = view.getUint16(entry + 2, littleEndian);
    const size = view.getUint32(entry + 4, littleEndian) * (UNIT_BYTES[type] ?? 0);
    const tag = view.getUint16(entry, littleEndian);
    if (size === 0 || seen.has(tag)) continue;
    let at = entry + 8;
    if (size > 4) {
      bytesElsewhere += size;
      if (bytesElsewhere > tiff.length) continue;
      at = view.getUint32(at, littleEndian);
      if (at + size > tiff.length) return undefined;
    }
    if (tag === ORIENTATION) return { type, data: tiff.subarray(at, at + size) };
    seen.add(tag);
  }
  return undefined;
}

/** The first number of a value; NaN for texts and bytes. */
function numberIn({ type, data }: Value, littleEndian: boolean): number {
  const view = viewOf(data);
  const longs = (read: (at: number) => number): number => read(0) / read(4);
  switch (type) {
    case 3:
      return view.getUint16(0, littleEndian);
    case 4:
    case 13:
      return view.getUint32(0, littleEndian);
    case 5:
      return longs((at) => view.getUint32(at, littleEndian));
    case 6:
      return view.getInt8(0);
    case 8:
      return view.getInt16(0, littleEndian);
    case 9:
      return view.getInt32(0, littleEndian);
    case 10:
      return longs((at) => view.getInt32(at, littleEndian));
    case 11:
      return view.getFloat32(0, littleEndian);
    case 12:
      return view.getFloat64(0, littleEndian);
    case 16:
      return Number(view.getBigUint64(0, littleEndian));
    default:
      return Number.NaN;
  }
}
