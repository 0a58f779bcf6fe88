import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { writeError } from "../../files/writeWhole.ts";
import type { DownloadSink } from "./download.ts";
import type { RemoteFile } from "./listing.ts";

const CHUNK_BYTES = 4 * 2 ** 20;

/** A file on disk (Node) that grows, and its digest with it. What an earlier try left is kept. */
export async function openFileSink(
  path: string,
  { size, digest }: RemoteFile,
): Promise<DownloadSink & { close(): Promise<void> }> {
  const handle = await open(path, "r+").catch(() => open(path, "w+"));
  const newHash = (): Hash =>
    digest.algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  let hash = newHash();
  if ((await handle.stat()).size > size) await handle.truncate(0);
  let written = await hashFile(handle, hash);
  return {
    get size() {
      return written;
    },
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle
          .write(bytes, done, bytes.length - done, written + done)
          .catch((error) => Promise.reject(writeError(error, path)));
        done += bytesWritten;
      }
      written += bytes.length;
      hash.update(bytes);
    },
    async restart() {
      await handle.truncate(0);
      written = 0;
      hash = newHash();
    },
    digest: async () => hash.copy().digest("hex"),
    close: () => handle.close(),
  };
}

async function hashFile(handle: FileHandle, hash: Hash): Promise<number> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let done = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, done);
    if (bytesRead === 0) return done;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
}
