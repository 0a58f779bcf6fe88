import { FileFormatError } from "../../../core/errors.ts";
import type { ByteSource } from "../byteSource.ts";
import { quote } from "../weightFile.ts";
import type { TorchContainer } from "./container.ts";
import { show } from "./torchObjects.ts";
import { type Unpickled, unpickleNext } from "./unpickle.ts";

/** A pickle of protocol 2 whose object is the magic number of torch.serialization: 0x1950a86a20f9469cfc6c. */
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

export function isLegacy(start: Uint8Array): boolean {
  return MAGIC.every((byte, i) => start[i] === byte);
}

const FIRST_WINDOW = 2 ** 16;
/** As for a newer file's pickle (zipFile.ts). */
const MOST_WINDOW = 64 * 2 ** 20;

/**
 * A file of torch.save before PyTorch 1.6 (`torch.serialization._legacy_save`): five pickles one after the other (the
 * magic number, a version, the writer's system, what was saved, the keys of its storages), and then for each key how
 * many elements there are, in 8 bytes, and the elements.
 */
export async function openLegacy(source: ByteSource): Promise<TorchContainer> {
  const path = source.name;
  const { values, end, storages } = await readPickles(source);
  const [, version, system, saved, keys] = values;
  if (version !== 1001) throw new FileFormatError(`${path}: is of version ${show(version)}; 1001 is known`);
  if (system instanceof Map && system.get("little_endian") === false)
    throw new FileFormatError(`${path}: its byte order is "big", expected little`);
  if (!Array.isArray(keys)) throw new FileFormatError(`${path}: does not list its storages`);
  const runs = new Map<string, { bytes: number; start: () => Promise<number> }>();
  let at = end;
  for (const key of keys) {
    const bytesEach = storages.get(key)?.dtype.bytes;
    if (bytesEach === undefined || runs.has(key))
      throw new FileFormatError(
        `${path}: lists the storage ${show(key)}, which no tensor has or which is listed twice`,
      );
    if (at + 8 > source.size) throw cutShort(source, key);
    const bytes = (await readCount(source, at)) * bytesEach;
    const start = at + 8;
    if (!(start + bytes <= source.size)) throw cutShort(source, key);
    runs.set(key, { bytes, start: async () => start });
    at = start + bytes;
  }
  return { saved, run: (key) => runs.get(key) };
}

function cutShort({ name, size }: ByteSource, key: string): FileFormatError {
  return new FileFormatError(
    `${name}: its storage ${quote(key)} reaches beyond the file's ${size} bytes; is the download complete?`,
  );
}

async function readCount(source: ByteSource, at: number): Promise<number> {
  const bytes = await source.read(at, 8);
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

/** The pickles at the file's beginning. Nobody says how long they are, so a window on it grows until they fit. */
async function readPickles(source: ByteSource): Promise<{ values: unknown[] } & Omit<Unpickled, "value">> {
  for (let window = Math.min(FIRST_WINDOW, source.size); ; window = Math.min(8 * window, source.size, MOST_WINDOW)) {
    const bytes = await source.read(0, window);
    const values: unknown[] = [];
    const storages: Unpickled["storages"][] = [];
    let end = 0;
    try {
      while (values.length < 5) {
        const next = unpickleNext(bytes.subarray(end), source.name);
        values.push(next.value);
        storages.push(next.storages);
        end += next.end;
      }
      return { values, end, storages: storages[3] };
    } catch (error) {
      if (window === source.size || window === MOST_WINDOW || !isTooShort(error)) throw error;
    }
  }
}

/** Whether a pickle was refused because its bytes end too early. */
const isTooShort = (error: unknown): boolean => /end of (file|line)/.test((error as Error).message);
