import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { convertToRgb } from "../../processor/pictures/convertToRgb.ts";
import { pillowResize } from "../../processor/pictures/pillowResize.ts";
import { makeImage } from "../../processor/pictures/image.ts";
import { readPicture } from "../../processor/pictures/readPicture.ts";
import { pictureFile } from "../../train/pictureFile.ts";

/** The longer side, in pixels. */
const SIDE = 160;

/** A picture of an item as a data URL, small; undefined where it is no longer there. */
export async function thumbnail(path: string, folders: readonly string[]): Promise<string | undefined> {
  const found = folders.map((folder) => join(folder, path)).find((place) => existsSync(place));
  if (found === undefined) return undefined;
  const image = convertToRgb(await readPicture(await readFile(found), { name: found }));
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  const pixels = scale < 1 ? pillowResize(image, width, height) : image;
  const { bytes } = await pictureFile({ pixels: makeImage(width, height, "RGB", pixels.data) });
  return `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;
}
