import type { Image } from "../model/processor/pictures/image.ts";
import { convertToRgb } from "../model/processor/pictures/convertToRgb.ts";
import { pillowResize } from "../model/processor/pictures/pillowResize.ts";

/** A picture for the terminal: two pixels a character, `▀` in the upper one's colour on the lower one's. */
export function halfBlocks(image: Image, columns: number): string {
  const rows = 2 * Math.max(1, Math.round((columns * image.height) / image.width / 2));
  const { data } = convertToRgb(pillowResize(image, columns, rows));
  const colour = (x: number, y: number) => data.subarray((y * columns + x) * 3, (y * columns + x) * 3 + 3).join(";");
  const lines: string[] = [];
  for (let y = 0; y < rows; y += 2) {
    let line = "";
    for (let x = 0; x < columns; x++) line += `\x1b[38;2;${colour(x, y)}m\x1b[48;2;${colour(x, y + 1)}m▀`;
    lines.push(`${line}\x1b[0m`);
  }
  return lines.join("\n");
}
