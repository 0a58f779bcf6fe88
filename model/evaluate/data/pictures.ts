import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { type Image, makeImage } from "../../processor/pictures/image.ts";
import { readPicture } from "../../processor/pictures/readPicture.ts";
import type { DataPicture, EvalRecord, Settings } from "../task.ts";

/** A picture is there, or the run does not begin. @throws naming up to five that are not, and whose they are */
export function requirePictures(folder: string, records: readonly EvalRecord[]): void {
  const missing = records.flatMap(({ id, pictures }) =>
    pictures.flatMap(({ path }) =>
      path !== undefined && !existsSync(join(folder, path)) ? [`${join(folder, path)} (id ${id})`] : [],
    ),
  );
  if (missing.length === 0) return;
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : "";
  throw new InfimmError(`${missing.length} pictures are missing: ${missing.slice(0, 5).join(", ")}${more}`);
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
