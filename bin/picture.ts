import { buffer } from "node:stream/consumers";
import { InfimmError } from "../core/errors.ts";
import { decodeImage } from "../model/processor/decodeImage.ts";
import type { Image } from "../model/processor/image.ts";
import { readPicture } from "../model/processor/readPicture.ts";

/** A picture that a command line names: a path, or `-` for standard input. */
export async function openPicture(path: string): Promise<Image> {
  if (path === "-") return decodeImage(await buffer(process.stdin), { name: "standard input" });
  if (/^https?:\/\//.test(path)) {
    throw new InfimmError(`${path}: addresses are not fetched; download it, or: curl -s ${path} | infimm ask - "…"`);
  }
  return readPicture(path);
}
