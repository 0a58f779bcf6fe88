import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InfimmError } from "../../core/errors.ts";
import { readBytes, readJson } from "../files/readFile.ts";
import { openWeights } from "./openWeights.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { HubError } from "./hub/hubError.ts";
import { isHubId } from "./hub/hubId.ts";
import type { HubOptions } from "./hub/settings.ts";
import { snapshot } from "./hub/snapshot.ts";

/** A folder, a weight file in one, or a name on the hub (Node). What is on the disk comes first. */
export async function openNodeCheckpoint(source: string, options: HubOptions = {}): Promise<Checkpoint> {
  const found = await stat(source).catch(() => undefined);
  if (found?.isDirectory()) return folderCheckpoint(source, source);
  if (found) return folderCheckpoint(dirname(source), source);
  if (!isHubId(source))
    throw new InfimmError(`${source}: there is no such folder, and a name on the hub would be "owner/name"`);
  try {
    const folder = await snapshot(source, options);
    return folderCheckpoint(folder, folder);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new HubError(`${error.message}. There is no folder ${source} here either`, { ...error, cause: error.cause });
  }
}

function folderCheckpoint(folder: string, weights: string): Checkpoint {
  return {
    name: folder,
    async json(file, what) {
      const path = join(folder, file);
      return { value: await readJson(path, what), path };
    },
    async text(file) {
      const path = join(folder, file);
      return (await isFile(path)) ? new TextDecoder().decode(await readBytes(path, "file")) : undefined;
    },
    names: (inner) => readdir(join(folder, inner)).catch(() => []),
    openWeights: () => openWeights(weights),
  };
}

const isFile = async (path: string): Promise<boolean> => Boolean((await stat(path).catch(() => undefined))?.isFile());
