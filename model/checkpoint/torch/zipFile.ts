import { FileFormatError } from "../../../core/errors.ts";
import type { ByteSource } from "../byteSource.ts";
import { quote } from "../weightFile.ts";
import type { TorchContainer } from "./container.ts";
import { unpickle } from "./unpickle.ts";
import { dataStart, readZipDirectory, type ZipEntry } from "./zipDirectory.ts";

/** A pickle holds names and shapes, some hundred bytes a tensor; the data lie in other entries. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/** A file of torch.save since PyTorch 1.6: a zip archive with a pickle, and one entry of raw data for each storage. */
export async function openZip(source: ByteSource): Promise<TorchContainer> {
  const path = source.name;
  const entries = await readZipDirectory(source);
  const { folder, pickle } = findPickle(entries, path);
  await refuseBigEndian(source, entries.get(`${folder}byteorder`));
  return {
    saved: unpickle(await readEntry(source, pickle), path),
    run(key) {
      const entry = entries.get(`${folder}data/${key}`);
      return entry && { bytes: entry.size, start: () => dataStart(source, entry) };
    },
  };
}

/** The archive's one folder, and the pickle in it. */
function findPickle(entries: ReadonlyMap<string, ZipEntry>, path: string): { folder: string; pickle: ZipEntry } {
  const found = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (found.length !== 1)
    throw new FileFormatError(
      `${path}: is a zip archive, but not of torch.save: ${found.length} data.pkl (it has ${[...entries.keys()].slice(0, 3).map(quote).join(", ") || "nothing"})`,
    );
  const [pickle] = found;
  const folder = pickle.name.slice(0, -"data.pkl".length);
  if (pickle.size > MAX_PICKLE_BYTES)
    throw new FileFormatError(
      `${path}: its pickle has ${pickle.size} bytes, more than the ${MAX_PICKLE_BYTES} allowed`,
    );
  return { folder, pickle };
}

async function refuseBigEndian(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return;
  const order = entry.size <= 16 ? new TextDecoder().decode(await readEntry(source, entry)) : "unknown";
  if (order !== "little")
    throw new FileFormatError(`${source.name}: its byte order is ${quote(order)}, expected little`);
}

async function readEntry(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  return source.read(await dataStart(source, entry), entry.size);
}
