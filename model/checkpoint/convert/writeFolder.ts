import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { bytesText } from "../../../nn/reportTable.ts";
import { writeError } from "../../files/writeWhole.ts";

/**
 * Make a folder (Node) that appears under `to` only when it is complete: `fill` writes into one beside it, which is
 * removed if anything fails.
 */
export async function writeFolder(to: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const temporary = `${resolve(to)}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw writeError(error, to);
  }
}

/** @throws InfimmError unless `to` is free, or an empty folder */
export async function refuseExisting(to: string): Promise<void> {
  const found = await stat(to).catch(() => undefined);
  if (found?.isDirectory() && (await readdir(to)).length === 0) return;
  if (found) throw new InfimmError(`${to} exists already; remove it first, or name another`);
}

/** @throws InfimmError if the disk that `to` is on has fewer bytes left */
export async function refuseFullDisk(to: string, bytes: number): Promise<void> {
  const folder = dirname(resolve(to));
  const { bavail, bsize } = await statfs(folder).catch((error) => {
    throw writeError(error, to);
  });
  if (bavail * bsize < bytes)
    throw new InfimmError(`${to}: ${bytesText(bytes)} are needed, and the disk has ${bytesText(bavail * bsize)} left`);
}
