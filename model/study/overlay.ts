import { type Image, makeImage } from "../processor/pictures/image.ts";
import { writePng } from "../processor/pictures/formats/writePng.ts";
import { pillowResize } from "../processor/pictures/pillowResize.ts";
import { preprocess } from "../processor/pictures/preprocess.ts";
import type { Processor } from "../processor/processor.ts";

const GAP = 6;

/** What a light says, by its colour: violet where a word attends, orange what it depends on. */
export const TINTS = { attention: [170, 120, 255], dependence: [255, 150, 30] } as const;

/** The picture as the model sees it. */
export function seenBy({ preprocessing }: Processor, image: Image): Image {
  return makeImage(preprocessing.size, preprocessing.size, "RGB", preprocess(image, preprocessing).pixels);
}

export interface Light {
  /** How much each cell of a square grid counts, row by row; below 0 as 0. */
  readonly map: ArrayLike<number>;
  readonly tint: readonly number[];
  /** What is as bright as it gets. Default: the most of the map. */
  readonly most?: number;
}

/**
 * A picture in which only what counts is bright, tinted where it counts most.
 *
 * @param picture RGB
 * @returns RGB, `size` x `size`
 */
export function overlay(
  picture: Image,
  { map, tint, most = Math.max(...Array.from(map)) }: Light,
  size: number,
): Image {
  const cells = Math.sqrt(map.length);
  const levels = Uint8Array.from(map, (share) => Math.round(255 * Math.min(1, Math.max(0, share / (most || 1)))));
  const light = pillowResize(makeImage(cells, cells, "L", levels), size, size).data;
  const data = pillowResize(picture, size, size).data.map((value, i) => {
    const look = light[Math.floor(i / 3)] / 255;
    const lit = value * (0.2 + 0.8 * look);
    return Math.round(lit + 0.35 * look * look * (tint[i % 3] - lit));
  });
  return makeImage(size, size, "RGB", data);
}

/** Rows of square pictures of one size, on white, as a PNG file. */
export async function contactSheet(rows: readonly (readonly Image[])[]): Promise<Uint8Array> {
  const { width: size } = rows[0][0];
  const place = (count: number) => count * (size + GAP) + GAP;
  const [width, height] = [place(Math.max(...rows.map((row) => row.length))), place(rows.length)];
  const data = new Uint8Array(width * height * 3).fill(255);
  for (const [i, row] of rows.entries()) {
    for (const [j, picture] of row.entries()) {
      for (let y = 0; y < size; y++) {
        const from = (place(i) + y) * width + place(j);
        data.set(picture.data.subarray(y * size * 3, (y + 1) * size * 3), from * 3);
      }
    }
  }
  return writePng(makeImage(width, height, "RGB", data));
}
