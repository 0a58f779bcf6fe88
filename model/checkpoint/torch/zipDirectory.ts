import { fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { FileFormatError } from "../../../core/errors.ts";
import type { ByteSource } from "../byteSource.ts";
import { quote } from "../weightFile.ts";

/** One stored file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** Where its local header begins. */
  readonly header: number;
  /** Where the next entry begins: its bytes lie before. */
  readonly limit: number;
}

/** More than any checkpoint has, and few enough to be read at once. */
const MAX_ENTRIES = 200_000;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_MAGIC = 0x04034b50;
const STORED = 0;
const AHEAD = 2 ** 16;

/**
 * The files of a zip archive (zip64 too), from its directory at the end; nothing else is read. Only what torch.save
 * writes is taken: stored, not compressed or encrypted, each name once, no two entries over each other.
 */
export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const refuse = (why: string): never => {
    throw new FileFormatError(`${source.name}: ${why}`);
  };
  const found: Omit<ZipEntry, "limit">[] = [];
  try {
    const zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, { autoClose: false });
    if (zip.entryCount > MAX_ENTRIES)
      refuse(`its directory claims ${zip.entryCount} entries, more than ${MAX_ENTRIES}`);
    for await (const entry of zip.eachEntry()) {
      const { fileName: name, uncompressedSize: size, relativeOffsetOfLocalHeader: header } = entry;
      if (entry.isEncrypted()) refuse(`entry ${quote(name)} is encrypted`);
      if (entry.compressionMethod !== STORED)
        refuse(
          `entry ${quote(name)} is compressed, and torch.save stores its entries; is this a TorchScript program? Save its state_dict()`,
        );
      found.push({ name, size, header });
    }
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    refuse(`cannot be read as a zip archive: ${(error as Error).message}; is the download complete?`);
  }
  return withLimits(found, source);
}

function withLimits(found: Omit<ZipEntry, "limit">[], source: ByteSource): Map<string, ZipEntry> {
  found.sort((a, b) => a.header - b.header);
  const entries = new Map<string, ZipEntry>();
  for (const [i, entry] of found.entries()) {
    const limit = found[i + 1]?.header ?? source.size;
    if (entry.header + LOCAL_HEADER_BYTES + entry.size > limit) {
      const what = i + 1 < found.length ? `overlaps ${quote(found[i + 1].name)}` : "reaches beyond the end of the file";
      throw new FileFormatError(`${source.name}: entry ${quote(entry.name)} ${what}`);
    }
    if (entries.has(entry.name)) throw new FileFormatError(`${source.name}: entry ${quote(entry.name)} stands twice`);
    entries.set(entry.name, { ...entry, limit });
  }
  return entries;
}

/** Where the bytes of an entry begin. Its own header says so: torch.save pads it to align the data. */
export async function dataStart(source: ByteSource, { name, size, header, limit }: ZipEntry): Promise<number> {
  const bytes = await source.read(header, LOCAL_HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = header + LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  if (view.getUint32(0, true) !== LOCAL_HEADER_MAGIC || start + size > limit)
    throw new FileFormatError(`${source.name}: entry ${quote(name)}: its own header does not agree with the directory`);
  return start;
}

/** Lets yauzl read a ByteSource. It asks for a few bytes at a time, one record after the other: they are read ahead. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #start = 0;
  #ahead: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#range(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null, bytes.length);
      },
      (error) => callback(error),
    );
  }

  async #range(position: number, length: number): Promise<Uint8Array> {
    if (position < this.#start || position + length > this.#start + this.#ahead.length) {
      const available = Math.max(0, this.#source.size - position);
      this.#ahead = await this.#source.read(position, Math.min(available, Math.max(length, AHEAD)));
      this.#start = position;
    }
    return this.#ahead.subarray(position - this.#start, position - this.#start + length);
  }
}
