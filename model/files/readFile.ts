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
    if (cause instanceof InfimmError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw new InfimmError(`${what} not found: there is no file ${path}`, { cause });
    if (code === "EISDIR") throw new InfimmError(`expected a ${what}, but ${path} is a folder`, { cause });
    if (code === "EACCES") throw new InfimmError(`${what} ${path}: no permission to read it`, { cause });
    throw new InfimmError(`${what} ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length === 0) throw new FileFormatError(`${what} ${path} is empty`);
  return bytes;
}

/** The bytes of a file by its path or its file: address (Node only). */
export function readAddress(address: string, what: string, maxBytes: number): Promise<Uint8Array> {
  return readBytes(/^file:/i.test(address) ? fileURLToPath(address) : address, what, maxBytes);
}

/** The object in a JSON file (Node only). */
export async function readJson(path: string, what = "file"): Promise<Record<string, unknown>> {
  return parseJson(new TextDecoder().decode(await readBytes(path, what)), `${what} ${path}`);
}
