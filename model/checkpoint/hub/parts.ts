import type { DownloadSink } from "./download.ts";
import type { RemoteFile } from "./listing.ts";
import { Sha256 } from "./sha256.ts";

/** What is kept at once: a killed page loses no more than that. */
const PART_BYTES = 32 * 2 ** 20;

/**
 * A downloaded file in a browser, kept in parts in the Cache API as they come, and read back as one Blob, which stays on
 * the disk. Where there is no such storage, or it is full, the parts stay in memory.
 */
export class Parts implements DownloadSink {
  readonly #cache: Cache | undefined;
  readonly #file: RemoteFile;
  readonly #partBytes: number;
  #parts: Blob[] = [];
  #stored = 0;
  #tail: Uint8Array[] = [];
  #tailBytes = 0;

  private constructor(file: RemoteFile, cache: Cache | undefined, partBytes: number) {
    this.#file = file;
    this.#cache = cache;
    this.#partBytes = partBytes;
  }

  /** With the parts that earlier visits left. */
  static async open(file: RemoteFile, cache: Cache | undefined, partBytes = PART_BYTES): Promise<Parts> {
    const parts = new Parts(file, cache, partBytes);
    for (let part = await parts.#load(0); part; part = await parts.#load(parts.#parts.length)) parts.#keep(part);
    return parts;
  }

  get size(): number {
    return this.#stored + this.#tailBytes;
  }

  /** Whether the digest of the whole was right before. */
  async isChecked(): Promise<boolean> {
    return this.size === this.#file.size && (await this.#cache?.match(this.#url("checked"))) !== undefined;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#tail.push(bytes.slice());
    this.#tailBytes += bytes.length;
    if (this.#tailBytes >= this.#partBytes || this.size === this.#file.size) await this.#flush();
  }

  async restart(): Promise<void> {
    for (const part of [...this.#parts.keys(), "checked" as const]) await this.#cache?.delete(this.#url(part));
    this.#parts = [];
    this.#tail = [];
    this.#stored = this.#tailBytes = 0;
  }

  async digest(): Promise<string> {
    const { digest, size } = this.#file;
    if (digest.algorithm === "sha256") {
      const hash = new Sha256();
      for (const part of this.#parts) hash.update(new Uint8Array(await part.arrayBuffer()));
      return hash.hex();
    }
    const whole = new Blob([`blob ${size}\0`, ...this.#parts]); // git's digest, of small files
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-1", await whole.arrayBuffer()));
    return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The whole, once its digest is known to be right. */
  async finish(): Promise<Blob> {
    await this.#cache?.put(this.#url("checked"), new Response("")).catch(() => {});
    return this.blob();
  }

  blob(): Blob {
    return new Blob(this.#parts);
  }

  async #flush(): Promise<void> {
    const part = new Blob(this.#tail as BlobPart[]);
    const index = this.#parts.length;
    this.#tail = [];
    this.#tailBytes = 0;
    const isKept = await this.#cache?.put(this.#url(index), new Response(part)).then(
      () => true,
      () => false, // no room: it stays in memory
    );
    this.#keep((isKept && (await this.#load(index))) || part);
  }

  #keep(part: Blob): void {
    this.#parts.push(part);
    this.#stored += part.size;
  }

  async #load(index: number): Promise<Blob | undefined> {
    return (await this.#cache?.match(this.#url(index)))?.blob();
  }

  #url(part: number | "checked"): string {
    return `${this.#file.url}?part=${part}&digest=${this.#file.digest.hex}`;
  }
}
