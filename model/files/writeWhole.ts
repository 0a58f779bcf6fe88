import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { InfimmError } from "../../core/errors.ts";

/** Where a file is written, front to back. */
export interface FileSink {
  readonly position: number;
  write(bytes: Uint8Array): Promise<void>;
}

const CHUNK_BYTES = 64 * 2 ** 20;

/**
 * Write a file (Node) that appears under `path` only when it is complete: it is written beside it under a temporary
 * name, which is removed if anything fails or `signal` aborts. The file that was there before stays until then.
 */
export async function writeWhole(
  path: string,
  write: (sink: FileSink) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, "wx").catch((error: NodeJS.ErrnoException) => {
    throw writeError(error, path);
  });
  try {
    try {
      await write(fileSink(handle, path, signal));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(error, path);
  }
}

function fileSink(handle: FileHandle, path: string, signal?: AbortSignal): FileSink {
  let position = 0;
  return {
    get position() {
      return position;
    },
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        signal?.throwIfAborted();
        const count = Math.min(CHUNK_BYTES, bytes.length - done);
        const { bytesWritten } = await handle.write(bytes, done, count, position).catch((error) => {
          throw writeError(error, path);
        });
        done += bytesWritten;
        position += bytesWritten;
      }
    },
  };
}

const CAUSES: Record<string, string> = {
  ENOSPC: "the disk is full. Nothing was left behind; make room, or write to another disk",
  EDQUOT: "your quota of disk space is used up. Nothing was left behind",
  EROFS: "the file system is read-only",
  EACCES: "no permission to write there",
  ENOENT: "its folder does not exist",
};

/** An error of the file system in plain words; any other as it is. */
export function writeError(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof InfimmError || typeof code !== "string" || !("syscall" in (error as object))) return error;
  return new InfimmError(`${path}: cannot be written: ${CAUSES[code] ?? message}`, { cause: error });
}

/** A small text file, whole or not at all. */
export function writeText(path: string, text: string): Promise<void> {
  return writeWhole(path, (sink) => sink.write(new TextEncoder().encode(text)));
}
