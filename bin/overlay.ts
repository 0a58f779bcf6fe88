import { PNG } from "pngjs";
import { type Image, makeImage } from "../model/processor/pictures/image.ts";
import { pillowResize } from "../model/processor/pictures/pillowResize.ts";

const GAP = 6;
const WARM = [255, 150, 30];

/**
 * A picture in which only what is looked at is bright, tinted where it is looked at most.
 *
 * @param picture RGB
 * @param map how much each cell of a square grid is looked at, row by row; only the proportions count
 * @returns RGB, `size` x `size`
 */
export function overlay(picture: Image, map: ArrayLike<number>, size: number): Image {
  const cells = Math.sqrt(map.length);
  const most = Math.max(...Array.from(map)) || 1;
  const levels = Uint8Array.from(map, (share) => Math.round((255 * share) / most));
  const light = pillowResize(makeImage(cells, cells, "L", levels), size, size).data;
  const data = pillowResize(picture, size, size).data.map((value, i) => {
    const look = light[Math.floor(i / 3)] / 255;
    const lit = value * (0.2 + 0.8 * look);
    return Math.round(lit + 0.35 * look * look * (WARM[i % 3] - lit));
  });
  return makeImage(size, size, "RGB", data);
}

/** Square pictures of one size side by side, `columns` in a row, on white, as a PNG file. */
export function contactSheet(pictures: readonly Image[], columns: number): Buffer {
  const { width: size } = pictures[0];
  const across = Math.min(columns, pictures.length);
  const place = (count: number) => count * (size + GAP) + GAP;
  const sheet = new PNG({ width: place(across), height: place(Math.ceil(pictures.length / across)) });
  sheet.data.fill(255);
  for (const [i, { data }] of pictures.entries()) {
    const [left, top] = [place(i % across), place(Math.floor(i / across))];
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        sheet.data.set(
          data.subarray((y * size + x) * 3, (y * size + x + 1) * 3),
          ((top + y) * sheet.width + left + x) * 4,
        );
      }
    }
  }
  return PNG.sync.write(sheet);
}
