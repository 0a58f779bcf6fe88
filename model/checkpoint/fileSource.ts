import { type FileHandle, open, stat } from "node:fs/promises";
import { FileFormatError } from "../../core/errors.ts";
import type { ByteSource } from "./byteSource.ts";

/** One system call reads at most 2 GiB; smaller pieces also keep the page cache calm. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** A file on disk (Node). It may be larger than memory. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const handle = await openFile(path);
  let closed = false;
  return {
    name: path,
    size: (await handle.stat()).size,
    async read(start, length) {
      if (closed) throw new FileFormatError(`${path}: was read after close()`);
      return readRange(handle, start, length, path);
    },
    async close() {
      if (!closed) await handle.close();
      closed = true;
    },
  };
}

async function openFile(path: string): Promise<FileHandle> {
  const refuse = (error: NodeJS.ErrnoException): never => {
    const why = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new FileFormatError(`${path}: cannot be opened: ${why}`);
  };
  // asked before opening: to open a pipe would wait for its writer
  const isFile = (await stat(path).catch(refuse)).isFile();
  if (!isFile) throw new FileFormatError(`${path}: is not a file; for a folder, use openWeights()`);
  return open(path, "r").catch(refuse);
}

async function readRange(handle: FileHandle, start: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(CHUNK_BYTES, length - done), start + done);
    if (bytesRead === 0)
      throw new FileFormatError(`${path}: ends at byte ${start + done}; it was cut short after it was opened`);
    done += bytesRead;
  }
  return bytes;
}
