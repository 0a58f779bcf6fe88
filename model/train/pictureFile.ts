import { InfimmError } from "../../core/errors.ts";
import { formatOf } from "../processor/pictures/decodeImage.ts";
import { CHANNELS, type Image } from "../processor/pictures/image.ts";
import type { Picture } from "./documents.ts";

/** A picture as the file that it is in; pixels become a PNG. */
export interface PictureFile {
  readonly bytes: Uint8Array;
  /** "png", "jpg" or "webp" */
  readonly ending: string;
}

const ENDINGS: Readonly<Record<string, string>> = { PNG: "png", JPEG: "jpg", WebP: "webp" };

/** @throws for a file that is not there, or that is no picture of these kinds */
export async function pictureFile(picture: Picture): Promise<PictureFile> {
  if ("pixels" in picture) return { bytes: await pngOf(picture.pixels), ending: "png" };
  const bytes = "bytes" in picture ? picture.bytes : await bytesAt(picture.path);
  const format = await formatOf(bytes);
  const ending = format && ENDINGS[format.name];
  if (ending === undefined) throw new InfimmError("picture: expected a PNG, JPEG or WebP file");
  return { bytes, ending };
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return (await import("../files/readFile.ts")).readBytes(path, "picture");
}

const GREY = 0;
const COLOUR = 2;
const GREY_ALPHA = 4;
const COLOUR_ALPHA = 6;
const COLOUR_TYPES = [GREY, GREY_ALPHA, COLOUR, COLOUR_ALPHA] as const;

async function pngOf({ width, height, mode, data }: Image): Promise<Uint8Array> {
  const { PNG } = await import("pngjs");
  const type = COLOUR_TYPES[CHANNELS[mode] - 1];
  const png = new PNG({ width, height, colorType: type, inputColorType: type, inputHasAlpha: type >= GREY_ALPHA });
  png.data = Buffer.from(data);
  return PNG.sync.write(png, { colorType: type, inputColorType: type, inputHasAlpha: type >= GREY_ALPHA });
}
