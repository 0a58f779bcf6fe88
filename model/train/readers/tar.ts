import { open, stat } from "node:fs/promises";
import { InfimmError } from "../../../core/errors.ts";
import { readJson } from "../../files/readFile.ts";
import { writeText } from "../../files/writeWhole.ts";
import { readTarMembers } from "./tarMembers.ts";

/** A sample of a tar shard: files of one name, by their endings in small letters. */
export interface TarSample {
  readonly key: string;
  /** Where each file's bytes lie in the shard. */
  readonly files: Readonly<Record<string, readonly [offset: number, size: number]>>;
}

/** What is written beside a shard as `<shard>.index.json`, so that any sample can be read at once. */
export interface ShardIndex {
  readonly format: 1;
  /** Size of the shard that it was made of. */
  readonly bytes: number;
  readonly samples: readonly TarSample[];
  /** Whether the shard ends in the middle of a file. */
  readonly truncated: boolean;
}

/**
 * A member's sample and ending, as webdataset has them: up to the first dot of its base name, and what follows.
 * @returns undefined for what belongs to no sample: names without a dot, and `__x__`
 */
export function keyAndEnding(name: string): [key: string, ending: string] | undefined {
  const found = name.match(/^((?:.*\/|)[^.]+)[.]([^/]*)$/s);
  if (!found || /^__.*__$/.test(name.slice(name.lastIndexOf("/") + 1))) return undefined;
  return [found[1], found[2].toLowerCase()];
}

/** Puts members that follow each other into samples: another key, or an ending that was there already, begins a new one. */
export function groupMembers<T>(
  members: Iterable<readonly [name: string, value: T]>,
): { key: string; files: Record<string, T> }[] {
  const samples: { key: string; files: Record<string, T> }[] = [];
  for (const [name, value] of members) {
    const found = keyAndEnding(name);
    if (!found) continue;
    const [key, ending] = found;
    const last = samples[samples.length - 1];
    if (last?.key === key && !(ending in last.files)) last.files[ending] = value;
    else samples.push({ key, files: { [ending]: value } });
  }
  return samples;
}

/** The index of a shard: the one beside it if it is of this shard, else a new one, which is written there if it may be. */
export async function shardIndex(path: string): Promise<ShardIndex> {
  const file = `${path}.index.json`;
  const { size, mtimeMs } = await statOf(path);
  const kept = await stat(file).catch(() => undefined);
  if (kept && kept.mtimeMs >= mtimeMs) {
    const found = (await readJson(file, "index")) as unknown as ShardIndex;
    if (found.format === 1 && found.bytes === size && Array.isArray(found.samples)) return found;
  }
  const index = await readShard(path, size);
  await writeText(file, JSON.stringify(index)).catch((error) => {
    const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") throw error; // it then is made each time
  });
  return index;
}

async function statOf(path: string) {
  return stat(path).catch((cause) => {
    throw new InfimmError(`shard not found: there is no file ${path}`, { cause });
  });
}

async function readShard(path: string, bytes: number): Promise<ShardIndex> {
  const file = await open(path);
  try {
    const { members, truncated } = await readTarMembers(file, path, bytes);
    const places = members.map(({ name, offset, size }) => [name, [offset, size] as const] as const);
    return { format: 1, bytes, samples: groupMembers(places), truncated };
  } finally {
    await file.close();
  }
}
