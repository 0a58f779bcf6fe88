import { textAt, viewOf } from "./bytes.ts";

const ORIENTATION = 0x0112;
const UPRIGHT = 1;

/**
 * The orientation in an EXIF block, with or without its "Exif\0\0" mark; 1 (upright) if there is none, or if the block
 * cannot be read: no picture is refused for that.
 */
export function orientationOf(exif: Uint8Array): number {
  const tiff = textAt(exif, 0, 4) === "Exif" ? exif.subarray(6) : exif;
  const littleEndian = textAt(tiff, 0, 2) === "II";
  const view = viewOf(tiff);
  if (tiff.length < 8) return UPRIGHT;
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > tiff.length) return UPRIGHT;
  const entries = view.getUint16(directory, littleEndian);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return UPRIGHT;
    if (view.getUint16(entry, littleEndian) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, littleEndian);
    return value >= 1 && value <= 8 ? value : UPRIGHT;
  }
  return UPRIGHT;
}
