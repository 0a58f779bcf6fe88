import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import type { DataPicture, EvalRecord } from "../task.ts";

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

export function digestOf(...contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  return hash.digest("hex").slice(0, 16);
}
