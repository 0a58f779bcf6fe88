import { inflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { CHANNELS, type Image, type ImageMode, makeImage } from "./image.ts";

/**
 * A PNG as Pillow opens it (Node only). Colours that tRNS declares transparent stay visible, as they do after
 * Pillow's `convert("RGB")`. 16-bit samples keep their high byte; for 16-bit grey that is on purpose not what
 * Pillow does (it clips everything above 255 to white). Throws plain errors on damaged files.
 */
export function decodePng(bytes: Uint8Array): Image {
  const file = keepCriticalChunks(bytes);
  const header = readHeader(file);
  if (header.interlaced) refuseInflationBomb(file, header);
  const png = PNG.sync.read(file, { skipRescale: header.depth === 16 });
  return fromRgba(png.width, png.height, modeOf(header), png.data, header.depth === 16 ? 8 : 0);
}

interface Header {
  width: number;
  height: number;
  depth: number;
  colorType: number;
  interlaced: boolean;
}

function readHeader(file: Buffer): Header {
  const [depth, colorType, , , interlace] = file.subarray(24, 29);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  return { width, height, depth, colorType, interlaced: interlace === 1 };
}

function modeOf({ depth, colorType }: Header): ImageMode {
  const modes: Record<number, ImageMode> = { 0: depth === 1 ? "1" : "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA" };
  return modes[colorType];
}

/** pngjs always answers in RGBA; take back the channels of `mode`, dropping `shift` low bits of a sample. */
function fromRgba(width: number, height: number, mode: ImageMode, rgba: ArrayLike<number>, shift: number): Image {
  const channels = CHANNELS[mode];
  const sources = { 1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3] }[channels];
  const data = new Uint8Array(width * height * channels);
  for (let pixel = 0, to = 0; to < data.length; pixel += 4) {
    for (let c = 0; c < channels; c++) data[to++] = rgba[pixel + sources[c]] >> shift;
  }
  return makeImage(width, height, mode, data);
}

/** The file without ancillary chunks (pngjs would blank tRNS colours) and without bytes after IEND. */
function keepCriticalChunks(bytes: Uint8Array): Buffer {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Buffer.concat([file.subarray(0, 8), ...chunks(file).map((chunk) => chunk.whole)]);
}

/** The critical chunks (capital first letter). A chunk cut off by the end of the file is kept: pngjs refuses it. */
function chunks(file: Buffer): { type: string; whole: Buffer; body: Buffer }[] {
  const found = [];
  let at = 8;
  while (at + 8 <= file.length) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const end = at + 12 + length;
    const isCritical = (file[at + 4] & 0x20) === 0;
    if (isCritical) found.push({ type, whole: file.subarray(at, end), body: file.subarray(at + 8, end - 4) });
    if (type === "IEND") break;
    at = end;
  }
  return found;
}

/** pngjs inflates interlaced data without a limit; here it must fit the size that the header announces. */
function refuseInflationBomb(file: Buffer, { width, height, depth }: Header): void {
  const bytesPerRow = Math.ceil((width * 4 * depth) / 8);
  const mostBytes = height * bytesPerRow + 16 * (height + 7); // 7 passes; a filter byte and a rounding byte per row
  const parts = chunks(file).filter((chunk) => chunk.type === "IDAT");
  inflateSync(Buffer.concat(parts.map((chunk) => chunk.body)), { maxOutputLength: mostBytes });
}
