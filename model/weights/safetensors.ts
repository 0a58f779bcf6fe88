import { type FileHandle, open, stat } from "node:fs/promises";
import { FileFormatError } from "../../core/errors.ts";
import { decodeStored } from "./decodeStored.ts";
import { headerLength, LENGTH_BYTES, parseHeader } from "./safetensorsHeader.ts";
import { quote, type WeightFile } from "./weightFile.ts";

/** One system call reads at most 2 GiB; smaller pieces also keep the page cache calm. */
const CHUNK_BYTES = 64 * 2 ** 20;

/**
 * A safetensors file on disk (Node). Reads the header only; each tensor is then read from its own range, so a
 * file may be larger than memory, and memory holds what the caller keeps.
 *
 * Throws FileFormatError if the file cannot be read, is not a whole, valid safetensors file, or is cut short later.
 */
export async function openSafetensors(path: string): Promise<WeightFile> {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const length = headerLength(await readRange(handle, 0, Math.min(LENGTH_BYTES, size), path), size, path);
    const dataStart = LENGTH_BYTES + length;
    const { tensors, metadata } = parseHeader(
      await readRange(handle, LENGTH_BYTES, length, path),
      size - dataStart,
      path,
    );
    let closed = false;
    return {
      path,
      tensors,
      metadata,
      async read(name) {
        const tensor = tensors.get(name);
        if (!tensor) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
        if (closed) throw new FileFormatError(`${path}: tensor ${quote(name)} was asked for after close()`);
        const bytes = await readRange(handle, dataStart + tensor.begin, tensor.end - tensor.begin, path);
        return decodeStored(tensor, bytes, path);
      },
      async close() {
        if (!closed) await handle.close();
        closed = true;
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
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
