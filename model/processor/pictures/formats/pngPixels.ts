import { FileFormatError } from "../../../../core/errors.ts";
import { CHANNELS, type Image, type ImageMode, makeImage } from "../image.ts";
import { inflate } from "./inflate.ts";
import { passesOf } from "./pngPasses.ts";
import { unfilter } from "./unfilter.ts";

export interface PngHeader {
  width: number;
  height: number;
  /** Bits a sample. */
  depth: number;
  colorType: number;
  interlaced: boolean;
}

/** The depths and the samples a pixel of each colour type. */
const KINDS: Record<number, { depths: number[]; samples: number }> = {
  0: { depths: [1, 2, 4, 8, 16], samples: 1 }, // grey
  2: { depths: [8, 16], samples: 3 }, // RGB
  3: { depths: [1, 2, 4, 8], samples: 1 }, // palette
  4: { depths: [8, 16], samples: 2 }, // grey and alpha
  6: { depths: [8, 16], samples: 4 }, // RGB and alpha
};

export const isKind = (depth: number, colorType: number): boolean => KINDS[colorType]?.depths.includes(depth) ?? false;

/**
 * The pixels of a PNG as Pillow opens it. Colours that tRNS declares transparent stay visible, as they do after
 * Pillow's `convert("RGB")`; indices beyond the palette are black. 16-bit samples keep their high byte; for 16-bit
 * grey that is on purpose not what Pillow does (it clips everything above 255 to white).
 */
export async function decodePixels(
  header: PngHeader,
  compressed: Uint8Array<ArrayBuffer>,
  palette: Uint8Array,
): Promise<Image> {
  const { width, height, depth, colorType, interlaced } = header;
  const mode = modeOf(header);
  if (mode === "P" && palette.length === 0) throw new FileFormatError("it is damaged: its palette is missing");
  const { samples } = KINDS[colorType];
  const channels = CHANNELS[mode];
  const passes = passesOf(width, height, samples * depth, interlaced);
  const storedBytes = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const stored = await inflate(compressed, storedBytes);

  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows, rowBytes } of passes) {
    unfilter(stored.subarray(at), rows, rowBytes, Math.ceil((samples * depth) / 8));
    for (let row = 0; row < rows; row++, at += 1 + rowBytes) {
      const values = unpack(stored.subarray(at + 1, at + 1 + rowBytes), columns * samples, depth, colorType === 0);
      const pixels = mode === "P" ? lookUp(values, palette) : values;
      place(pixels, channels, data, ((y + row * dy) * width + x) * channels, dx * channels);
    }
  }
  return makeImage(width, height, mode, data);
}

function modeOf({ depth, colorType }: PngHeader): ImageMode {
  const modes: Record<number, ImageMode> = { 0: depth === 1 ? "1" : "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA" };
  return modes[colorType];
}

/** Samples of `depth` bits as bytes: of 16 the high byte; fewer than 8 are `scaled` to 0 to 255, or left as indices. */
function unpack(row: Uint8Array, count: number, depth: number, scaled: boolean): Uint8Array {
  if (depth === 8) return row;
  const values = new Uint8Array(count);
  if (depth === 16) for (let i = 0; i < count; i++) values[i] = row[2 * i];
  else {
    const mask = (1 << depth) - 1;
    const factor = scaled ? 255 / mask : 1;
    for (let i = 0; i < count; i++) {
      const bit = i * depth;
      values[i] = ((row[bit >> 3] >> (8 - depth - (bit & 7))) & mask) * factor;
    }
  }
  return values;
}

function lookUp(indices: Uint8Array, palette: Uint8Array): Uint8Array {
  const colours = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    for (let c = 0; c < 3; c++) colours[i * 3 + c] = palette[indices[i] * 3 + c] ?? 0;
  }
  return colours;
}

/** Writes a row of pixels into `data`, from `start` on, a pixel every `step` bytes. */
function place(pixels: Uint8Array, channels: number, data: Uint8Array, start: number, step: number): void {
  if (step === channels) data.set(pixels, start);
  else {
    for (let from = 0, to = start; from < pixels.length; from += channels, to += step) {
      for (let c = 0; c < channels; c++) data[to + c] = pixels[from + c];
    }
  }
}
