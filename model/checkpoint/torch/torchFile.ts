import { FileFormatError, showShape } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { ByteSource } from "../byteSource.ts";
import { decodeStored } from "../decodeStored.ts";
import { quote, STORED_BYTES, type PlainTensor, type WeightFile } from "../weightFile.ts";
import { findStateDict } from "./stateDict.ts";
import { gather, isContiguous, spanOf } from "./stridedView.ts";
import type { TorchTensor } from "./torchObjects.ts";
import { unpickle } from "./unpickle.ts";
import { dataStart, readZipDirectory, type ZipEntry } from "./zipDirectory.ts";

/** A pickle holds names and shapes, some hundred bytes a tensor; the data lie in other entries. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/**
 * A file of torch.save (Node): a zip archive with a pickle of names, shapes and strides, and one entry of raw data for
 * each storage. Reads the directory and the pickle; each tensor is then read from its own range.
 *
 * Throws FileFormatError if it is not whole and valid, or holds anything else than a state dict. Closing it closes `source`.
 */
export async function readTorch(source: ByteSource): Promise<WeightFile> {
  const path = source.name;
  await refuseOtherFormats(source);
  const entries = await readZipDirectory(source);
  const { folder, pickle } = findPickle(entries, path);
  await refuseBigEndian(source, entries.get(`${folder}byteorder`));
  const saved = unpickle(await readEntry(source, pickle), path);
  const views = findStateDict(saved, path);

  const tensors = new Map<string, PlainTensor>();
  const storages = new Map<string, ZipEntry>();
  for (const [name, view] of views) {
    storages.set(name, checkView(name, view, entries.get(`${folder}data/${view.storage.key}`), path));
    tensors.set(name, { name, dtype: view.storage.dtype, shape: view.shape });
  }
  return {
    path,
    tensors,
    metadata: {},
    async read(name) {
      const view = views.get(name);
      if (!view) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
      return decodeStored(tensors.get(name)!, await readView(source, view, storages.get(name)!), path);
    },
    memoryOf(name) {
      const { storage, offset, shape, stride } = views.get(name)!;
      return [storage.key, offset, shape, stride].join("/");
    },
    close: () => source.close(),
  };
}

const ZIP = [0x50, 0x4b, 0x03, 0x04];
/** A pickle of protocol 2 whose first object is the long number that torch.save wrote before PyTorch 1.6. */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a];

async function refuseOtherFormats(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(4, source.size));
  const is = (magic: number[]): boolean => magic.every((byte, i) => start[i] === byte);
  if (is(ZIP)) return;
  throw new FileFormatError(
    is(LEGACY)
      ? `${source.name}: is in the format of torch.save before PyTorch 1.6. Save it again with a newer one:\n` +
          `  python -c "import sys, torch; torch.save(torch.load(sys.argv[1], 'cpu', weights_only=True), sys.argv[2])" OLD NEW`
      : `${source.name}: is not a file of torch.save (it does not begin like a zip archive); is the download complete?`,
  );
}

/** The archive's one folder, and the pickle in it. */
function findPickle(entries: ReadonlyMap<string, ZipEntry>, path: string): { folder: string; pickle: ZipEntry } {
  const found = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (found.length !== 1)
    throw new FileFormatError(`${path}: is a zip archive, but not of torch.save: ${found.length} data.pkl`);
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

/** The storage of a view, once it is known to lie in it and not to grow in memory. */
function checkView(name: string, view: TorchTensor, entry: ZipEntry | undefined, path: string): ZipEntry {
  const { storage, offset, shape, stride } = view;
  const refuse = (why: string): never => {
    throw new FileFormatError(`${path}: tensor ${quote(name)}: ${why}`);
  };
  if (!entry) return refuse(`its storage, data/${storage.key}, is not in the archive`);
  const bytes = storage.elements * STORED_BYTES[storage.dtype];
  if (entry.size < bytes)
    return refuse(
      `its storage claims ${storage.elements} elements of ${storage.dtype} (${bytes} bytes), and has ${entry.size} bytes`,
    );
  const span = spanOf(shape, stride);
  if (!(offset + span <= storage.elements))
    return refuse(
      `${showShape(shape)} with strides ${showShape(stride)} from ${offset} reaches beyond the ${storage.elements} elements of its storage`,
    );
  if (!(sizeOf(shape) <= storage.elements))
    return refuse(
      `${showShape(shape)} is expanded from ${storage.elements} stored elements; save it with .contiguous()`,
    );
  return entry;
}

async function readView(source: ByteSource, view: TorchTensor, entry: ZipEntry): Promise<Uint8Array> {
  const { storage, offset, shape, stride } = view;
  const elementBytes = STORED_BYTES[storage.dtype];
  const start = (await dataStart(source, entry)) + offset * elementBytes;
  const bytes = await source.read(start, spanOf(shape, stride) * elementBytes);
  return isContiguous(shape, stride) ? bytes : gather(bytes, elementBytes, shape, stride);
}
