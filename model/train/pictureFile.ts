import { InfimmError } from "../../core/errors.ts";
import { formatOf } from "../processor/pictures/decodeImage.ts";
import { writePng } from "../processor/pictures/formats/writePng.ts";
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
  if ("pixels" in picture) return { bytes: await writePng(picture.pixels), ending: "png" };
  const bytes = "bytes" in picture ? picture.bytes : await bytesAt(picture.path);
  const format = await formatOf(bytes);
  const ending = format && ENDINGS[format.name];
  if (ending === undefined) throw new InfimmError("picture: expected a PNG, JPEG or WebP file");
  return { bytes, ending };
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return (await import("../files/readFile.ts")).readBytes(path, "picture");
}
