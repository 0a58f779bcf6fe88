import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { readJson } from "../../files/readFile.ts";
import { writeText } from "../../files/writeWhole.ts";

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

const BLOCK = 512;

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
  const members: [name: string, place: [number, number]][] = [];
  const reader = extract();
  const file = await open(path);
  const reading = pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    reader as unknown as NodeJS.WritableStream,
  );
  const read = reading.catch((error: Error) => error);
  let end = 0;
  try {
    for await (const entry of reader) {
      const { header } = entry;
      const offset = entry.offset + BLOCK; // it is the header's
      if (await endsAt(file, end, offset)) break;
      if (offset + header.size > bytes) break;
      if (header.type === "file" || header.type === "contiguous-file")
        members.push([header.name, [offset, header.size]]);
      end = offset + Math.ceil(header.size / BLOCK) * BLOCK;
      entry.resume();
    }
  } catch (error) {
    if (members.length === 0) throw notTar(path, error as Error);
  } finally {
    reader.destroy();
    await read;
    await file.close();
  }
  if (members.length === 0 && end === 0) throw notTar(path);
  return { format: 1, bytes, samples: groupMembers(members), truncated: await isTruncated(path, end, bytes) };
}

/** Whether the archive ends at `end`, two blocks of zeros, although a member's bytes begin further on: at `next`. */
async function endsAt(file: FileHandle, end: number, next: number): Promise<boolean> {
  if (end === 0 || next - end < 3 * BLOCK) return false;
  const blocks = Buffer.alloc(2 * BLOCK, 1);
  await file.read(blocks, 0, blocks.length, end);
  return blocks.every((byte) => byte === 0);
}

/** A whole archive has a block of zeros after its last member, or ends right there. */
async function isTruncated(path: string, end: number, bytes: number): Promise<boolean> {
  if (bytes <= end) return bytes < end;
  const file = await open(path);
  const block = Buffer.alloc(BLOCK, 1);
  const { bytesRead } = await file.read(block, 0, BLOCK, end);
  await file.close();
  return bytesRead < BLOCK || block.some((byte) => byte !== 0);
}

function notTar(path: string, cause?: Error): FileFormatError {
  return new FileFormatError(`${path} is not a tar archive${cause ? `: ${cause.message}` : ""}`, { cause });
}
