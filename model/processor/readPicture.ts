import { type DecodeOptions, decodeImage } from "./decodeImage.ts";
import type { Image } from "./image.ts";
import { readBytes } from "./readFile.ts";

/** A decoded PNG or JPEG from disk (Node only). Errors name the path. */
export async function readPicture(path: string, options: DecodeOptions = {}): Promise<Image> {
  return decodeImage(await readBytes(path, "picture"), { name: path, ...options });
}
