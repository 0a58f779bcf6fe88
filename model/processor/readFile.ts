import { readFile } from "node:fs/promises";
import { FileFormatError, InfimmError } from "../../core/errors.ts";

/** The bytes of a file (Node only). `what` is how the messages call it: "picture". */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw new InfimmError(`${what} not found: there is no file ${path}`, { cause });
    if (code === "EISDIR") throw new InfimmError(`expected a ${what}, but ${path} is a folder`, { cause });
    if (code === "EACCES") throw new InfimmError(`${what} ${path}: no permission to read it`, { cause });
    throw new InfimmError(`${what} ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length === 0) throw new FileFormatError(`${what} ${path} is empty`);
  return bytes;
}

/** The object in a JSON file (Node only). */
export async function readJson(path: string, what = "file"): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readBytes(path, what));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FileFormatError(`${what} ${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
