import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { shardsOf } from "../safetensors/sharded.ts";
import { WEIGHT_FILES } from "../formats.ts";
import { writeText } from "../../files/writeWhole.ts";
import { REQUIRED } from "./choose.ts";
import { defaultCache } from "./home.ts";
import type { RemoteFile } from "./listing.ts";
import { type Hub, isCommit } from "./settings.ts";

/**
 * The folder of one repository in Hugging Face's cache (Node), as Python's huggingface_hub lays it out, so that each
 * finds what the other downloaded:
 *
 *     models--Infi-MM--infimm-zephyr/blobs/<digest>              the bytes
 *                                    refs/<branch or tag>        the commit it stood for
 *                                    snapshots/<commit>/<file>   a link to a blob
 */
export class CacheFolder {
  readonly path: string;

  constructor({ repo, cacheDir }: Hub) {
    this.path = join(cacheDir ?? defaultCache(), `models--${repo.replaceAll("/", "--")}`);
  }

  snapshot(commit: string): string {
    return join(this.path, "snapshots", commit);
  }

  blob({ digest }: RemoteFile): string {
    return join(this.path, "blobs", digest.hex);
  }

  /** The commit that a revision stood for when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(join(this.path, "refs", revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    const path = join(this.path, "refs", revision);
    await mkdir(dirname(path), { recursive: true });
    await writeText(path, commit);
  }

  /** How many bytes of a file are here, whole or in part. */
  async bytesOf(file: RemoteFile): Promise<number> {
    if (await this.has(file)) return file.size;
    return (await stat(`${this.blob(file)}.incomplete`).catch(() => undefined))?.size ?? 0;
  }

  /** Whether the whole file is here. A blob is renamed to its digest only after that was checked. */
  async has(file: RemoteFile): Promise<boolean> {
    return (await stat(this.blob(file)).catch(() => undefined))?.size === file.size;
  }

  /** Makes a downloaded file the blob of its digest. */
  async keep(file: RemoteFile, incomplete: string): Promise<void> {
    await rename(incomplete, this.blob(file));
  }

  /** Makes a file of a snapshot stand for a blob. */
  async link(file: RemoteFile, commit: string): Promise<void> {
    const path = join(this.snapshot(commit), file.path);
    if ((await stat(path).catch(() => undefined))?.size === file.size) return;
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}.tmp`;
    await symlink(relative(dirname(path), this.blob(file)), temporary).catch(
      () => copyFile(this.blob(file), temporary), // Windows wants a privilege for links
    );
    await rename(temporary, path);
  }

  /** Whether a snapshot can be loaded as it is. */
  async isComplete(commit: string): Promise<boolean> {
    const folder = this.snapshot(commit);
    const names = new Set<string>();
    for (const name of await readdir(folder).catch(() => []))
      if (await stat(join(folder, name)).catch(() => undefined)) names.add(name); // not a link to nowhere
    const weights = WEIGHT_FILES.find((name) => names.has(name));
    if (!weights || !REQUIRED.every((name) => names.has(name))) return false;
    if (!weights.endsWith(".index.json")) return true;
    const index = await readFile(join(folder, weights), "utf8");
    return shardsOf(index, join(folder, weights)).every((name) => names.has(name));
  }
}
