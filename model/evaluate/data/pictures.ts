import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { requireHeader } from "../../processor/pictures/decodeImage.ts";
import { type Image, makeImage } from "../../processor/pictures/image.ts";
import { readPicture } from "../../processor/pictures/readPicture.ts";
import type { DataPicture, EvalRecord, Settings } from "../task.ts";

/**
 * Every picture is there and begins as one, or the run does not begin: headers are read, pixels are not, so that forty
 * thousand pictures cost seconds. @throws naming up to five that are not, and whose they are
 */
export async function requirePictures(folder: string, records: readonly EvalRecord[]): Promise<void> {
  const missing = records.flatMap(({ id, pictures }) =>
    pictures.flatMap(({ path }) =>
      path !== undefined && !existsSync(join(folder, path)) ? [`${join(folder, path)} (id ${id})`] : [],
    ),
  );
  refuse("missing", missing);
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { id, pictures } of records) {
    for (const picture of pictures) {
      if (picture.path !== undefined && seen.has(picture.path)) continue;
      if (picture.path !== undefined) seen.add(picture.path);
      await requireBeginning(folder, picture).catch((error) => wrong.push(`${error.message} (id ${id})`));
    }
  }
  refuse("no pictures", wrong);
}

function refuse(why: string, pictures: readonly string[]): void {
  if (pictures.length === 0) return;
  const more = pictures.length > 5 ? ` and ${pictures.length - 5} more` : "";
  throw new InfimmError(`${pictures.length} pictures are ${why}: ${pictures.slice(0, 5).join(", ")}${more}`);
}

/** Nearly every header ends before. */
const HEADER_BYTES = 1 << 16;

/** By the beginning of its file, or by all of it if its header is long. */
async function requireBeginning(folder: string, { path, bytes }: DataPicture): Promise<void> {
  if (path === undefined) return requireHeader(bytes!);
  const place = join(folder, path);
  try {
    await requireHeader(await beginningOf(place, HEADER_BYTES));
  } catch {
    await requireHeader(await readFile(place), { name: place });
  }
}

/** At most so many bytes of a file. */
export async function beginningOf(path: string, count: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first of these files that is there. */
export function firstOf(folder: string, ...names: string[]): string | undefined {
  return names.find((name) => existsSync(join(folder, name)));
}

/** @throws if none is there, naming them all */
export function oneOf(folder: string, ...names: string[]): string {
  const found = firstOf(folder, ...names);
  if (found !== undefined) return join(folder, found);
  throw new InfimmError(`${folder} has no ${names.join(", nor ")}`);
}

export async function pictureBytes(folder: string, { path, bytes }: DataPicture): Promise<Uint8Array> {
  return bytes ?? (await readFile(join(folder, path as string)));
}

const GREY = 128;

/** A picture as a model is shown it; where it is blind, one of the same size without anything on it. */
export async function shownPicture(
  bytes: Uint8Array,
  name: string,
  { orientation, blind }: Pick<Settings, "orientation" | "blind">,
): Promise<Image> {
  const image = await readPicture(bytes, { name, orientation });
  const { width, height } = image;
  return blind ? makeImage(width, height, "RGB", new Uint8Array(3 * width * height).fill(GREY)) : image;
}

export function digestOf(...contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  return hash.digest("hex").slice(0, 16);
}
