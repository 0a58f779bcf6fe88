import type { Image } from "../model/processor/pictures/image.ts";
import { collectBytes } from "../model/files/collectBytes.ts";
import { type PictureOptions, readPicture } from "../model/processor/pictures/readPicture.ts";

/** What command lines say about reading pictures. */
export type PictureFlags = Pick<PictureOptions, "orientation">;

/** A picture that a command line names: a path, an http(s) address, a data URL, or `-` for standard input. */
export async function openPicture(place: string, { orientation }: PictureFlags = {}): Promise<Image> {
  if (place !== "-") return readPicture(place, { orientation });
  const name = "standard input";
  return readPicture(await collectBytes(process.stdin, 100e6, name), { name, orientation });
}

/** Several, in turn. */
export async function openPictures(places: readonly string[], flags: PictureFlags = {}): Promise<Image[]> {
  const images: Image[] = [];
  for (const place of places) images.push(await openPicture(place, flags));
  return images;
}
