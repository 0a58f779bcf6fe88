import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import picomatch from "picomatch";
import { InfimmError } from "../../../core/errors.ts";
import { readBytes, readJson } from "../../files/readFile.ts";
import type { Document, LeftOut, Records } from "../documents.ts";
import { expandBraces, glob, splitList } from "./glob.ts";
import { type ShardIndex, shardIndex } from "./tar.ts";

/** Paths of a list: `shard-{0000..0999}.tar`, globs, several with commas between. Globs are sorted by name. */
export async function shardPaths(list: string): Promise<string[]> {
  const paths: string[] = [];
  for (const pattern of splitList(list).filter(Boolean).flatMap(expandBraces)) {
    if (picomatch.scan(pattern).isGlob) paths.push(...(await glob(pattern)));
    else paths.push(pattern);
  }
  if (paths.length === 0) throw new InfimmError(`no shard is called ${list}`);
  return paths;
}

/** The files of one sample, read when they are asked for. */
export interface SampleFiles {
  readonly key: string;
  readonly shard: string;
  /** Endings there are. */
  readonly endings: readonly string[];
  bytes(ending: string): Promise<Uint8Array>;
}

const OPEN_FILES = 16;

/** Samples of tar shards, any of which can be read at once. */
export class TarShards {
  readonly paths: readonly string[];
  readonly length: number;
  /** Where each shard's samples begin. */
  readonly #starts: readonly number[];
  readonly #indices = new Map<number, Promise<ShardIndex>>();
  readonly #files = new Map<number, FileHandle>();

  private constructor(paths: readonly string[], sizes: readonly number[]) {
    this.paths = paths;
    let length = 0;
    this.#starts = sizes.map((size) => (length += size) - size);
    this.length = length;
  }

  /**
   * @param list as `shardPaths` takes it. Sizes are those of `sizes.json`, `<shard>_stats.json` or, of a single shard,
   *   `__len__` beside the shards; shards without are read through.
   */
  static async open(list: string): Promise<TarShards> {
    const paths = await shardPaths(list);
    const sizes: number[] = [];
    for (const path of paths)
      sizes.push((await statedSize(path, paths.length)) ?? (await shardIndex(path)).samples.length);
    return new TarShards(paths, sizes);
  }

  /** Shards that end in the middle of a file, of those read so far. */
  async truncated(): Promise<string[]> {
    const found: string[] = [];
    for (const [i, index] of this.#indices) if ((await index).truncated) found.push(this.paths[i]);
    return found;
  }

  async at(position: number): Promise<SampleFiles | LeftOut> {
    const shard = this.#starts.findLastIndex((start) => start <= position);
    const path = this.paths[shard];
    if (!this.#indices.has(shard)) this.#indices.set(shard, shardIndex(path));
    const { samples } = await this.#indices.get(shard)!;
    const sample = samples[position - this.#starts[shard]];
    if (!sample) {
      const detail = `${path} has ${samples.length} samples, fewer than the file of sizes beside it says`;
      return { leftOut: "shard too short", detail };
    }
    const bytes = async (ending: string) => this.#read(shard, sample.files[ending]);
    return { key: sample.key, shard: path, endings: Object.keys(sample.files), bytes };
  }

  async #read(shard: number, [offset, size]: readonly [number, number]): Promise<Uint8Array> {
    let file = this.#files.get(shard);
    if (!file) {
      const [oldest] = this.#files;
      if (this.#files.size >= OPEN_FILES) {
        this.#files.delete(oldest[0]);
        await oldest[1].close();
      }
      file = await open(this.paths[shard]);
      this.#files.set(shard, file);
    }
    const bytes = new Uint8Array(size);
    await file.read(bytes, 0, size, offset);
    return bytes;
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }
}

/** Samples in a shard as files beside it say, if they do. */
async function statedSize(path: string, shards: number): Promise<number | undefined> {
  const number = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : undefined);
  const optional = async (file: string) =>
    (await stat(file).catch(() => undefined)) ? readJson(file, "sizes") : undefined;
  const sizes = await optional(join(dirname(path), "sizes.json"));
  if (sizes && basename(path) in sizes) return number(sizes[basename(path)]);
  const stats = await optional(path.replace(/\.tar$/, "_stats.json"));
  if (stats) return number(stats["successes"]);
  const total = join(dirname(path), "__len__");
  if (shards > 1 || !(await stat(total).catch(() => undefined))) return undefined;
  return number(Number(new TextDecoder().decode(await readBytes(total, "size"))));
}

/** Each sample of tar shards as a document. */
export function tarRecords(
  source: string,
  shards: TarShards,
  toDocument: (sample: SampleFiles) => Promise<Document | LeftOut>,
): Records {
  return {
    source,
    length: shards.length,
    at: async (index) => {
      const sample = await shards.at(index);
      return "leftOut" in sample ? sample : toDocument(sample);
    },
    close: () => shards.close(),
  };
}
