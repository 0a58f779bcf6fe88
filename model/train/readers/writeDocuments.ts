import { checked } from "../../../core/knownNames.ts";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { writeText } from "../../files/writeWhole.ts";
import { type Document, isLeftOut, isText, type LeftOut, type Records } from "../documents.ts";
import { pictureFile } from "../pictureFile.ts";
import { pictureFault } from "../prepare.ts";
import { Reader } from "../reader.ts";
import { writeTar } from "./writeTar.ts";

/** Options of writeDocuments. */
export interface WriteDocumentsOptions {
  /** Samples a shard. Default 1,000. */
  readonly shardSize?: number;
  /** Write them in the order in which a run with this seed reads its first epoch. Default: as they stand. */
  readonly seed?: number | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

type Member = readonly [name: string, bytes: Uint8Array];

/** The files of one sample, by their endings. */
interface SampleMembers {
  readonly members: readonly Member[];
}

/**
 * Writes the good documents of a source as tar shards, `00000.tar` … in `folder`, with `sizes.json` beside them. Pairs are
 * written as img2dataset does (`jpg`, `txt`), so that any program reads them; others as `documentRecords` reads them.
 *
 * @returns how many, and why the others are not among them: "12 of 1,000 left out: …"
 */
export async function writeDocuments(
  records: Records,
  folder: string,
  options: WriteDocumentsOptions = {},
): Promise<{ written: number; shards: number; summary: string }> {
  checked("writeDocuments", options, ["shardSize", "seed", "signal", "onProgress"]);
  const { shardSize = 1000, seed, signal, onProgress } = options;
  if (!(Number.isInteger(shardSize) && shardSize >= 1)) {
    throw new InfimmError(`convert: the size of a shard must be a whole number, 1 or more, got ${shardSize}`);
  }
  await mkdir(folder, { recursive: true });
  const reader = new Reader(records, { seed, maxBad: 1, prepare: membersOf });
  const sizes: Record<string, number> = {};
  let shard: SampleMembers[] = [];
  const flush = async () => {
    if (shard.length === 0) return;
    const name = `${String(Object.keys(sizes).length).padStart(5, "0")}.tar`;
    const first = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    await writeShard(join(folder, name), shard, first, signal);
    sizes[name] = shard.length;
    shard = [];
  };
  for await (const sample of reader) {
    signal?.throwIfAborted();
    shard.push(sample);
    onProgress?.(reader.position(), reader.length);
    if (shard.length === shardSize) await flush();
  }
  await flush();
  if (Object.keys(sizes).length === 0)
    throw new InfimmError(`${records.source}: nothing to write, ${reader.leftOut.summary()}`);
  await writeText(join(folder, "sizes.json"), JSON.stringify(sizes));
  const written = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  return { written, shards: Object.keys(sizes).length, summary: reader.leftOut.summary() };
}

/** A document as it is written. */
async function membersOf({ id, source, layout, parts }: Document): Promise<SampleMembers | LeftOut> {
  const pictures: Member[] = [];
  const stored: object[] = [];
  for (const part of parts) {
    if (isText(part)) stored.push(part);
    else {
      const file = await pictureFile(part).catch(pictureFault);
      if (isLeftOut(file)) return { ...file, detail: `${source} ${id}: ${file.detail}` };
      const ending = layout === "pair" ? file.ending : `${pictures.length}.${file.ending}`;
      pictures.push([ending, file.bytes]);
      stored.push({ picture: ending });
    }
  }
  const utf8 = new TextEncoder();
  const text = parts.filter(isText).map((part) => part.text);
  if (layout === "pair") return { members: [...pictures, ["txt", utf8.encode(text.join(""))] as const] };
  const json = utf8.encode(JSON.stringify({ id, source, layout, parts: stored }));
  return { members: [["json", json] as const, ...pictures] };
}

async function writeShard(
  path: string,
  samples: readonly SampleMembers[],
  first: number,
  signal?: AbortSignal,
): Promise<void> {
  const named = samples.flatMap(({ members }, i) => {
    const key = String(first + i).padStart(9, "0");
    return members.map(([ending, bytes]) => [`${key}.${ending}`, bytes] as const);
  });
  await writeTar(path, named, signal);
}
