import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FileFormatError, InfimmError } from "../../core/errors.ts";
import { parseJson } from "./parseJson.ts";
import { collectBytes, requireBytesWithin } from "./collectBytes.ts";

/**
 * The bytes of a file (Node only); a pipe is read to its end. `what` is how the messages call it: "picture".
 * No more than `maxBytes` are read.
 */
export async function readBytes(path: string, what: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    const file = await open(path);
    try {
      requireBytesWithin(maxBytes, (await file.stat()).size, path);
      bytes = await collectBytes(file.createReadStream({ highWaterMark: 1 << 20 }), maxBytes, path);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof InfimmError ? cause : unreadable(cause, what, path);
  }
  if (bytes.length === 0) throw new FileFormatError(`${what} ${path} is empty`);
  return bytes;
}

/** What the system says of a file, in words. */
export function unreadable(cause: unknown, what: string, path: string): InfimmError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return new InfimmError(`${what} not found: there is no file ${path}`, { cause });
  if (code === "EISDIR") return new InfimmError(`expected a ${what}, but ${path} is a folder`, { cause });
  if (code === "EACCES") return new InfimmError(`${what} ${path}: no permission to read it`, { cause });
  return new InfimmError(`${what} ${path} cannot be read: ${message}`, { cause });
}

/** Whether the system says it. */
export function isFileError(cause: unknown): boolean {
  return cause instanceof Error && "syscall" in cause;
}

/** The bytes of a file by its path or its file: address (Node only). */
export function readAddress(address: string, what: string, maxBytes: number): Promise<Uint8Array> {
  return readBytes(/^file:/i.test(address) ? fileURLToPath(address) : address, what, maxBytes);
}

/** The object in a JSON file (Node only). */
export async function readJson(path: string, what = "file"): Promise<Record<string, unknown>> {
  return parseJson(new TextDecoder().decode(await readBytes(path, what)), `${what} ${path}`);
}
