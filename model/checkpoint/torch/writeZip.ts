import { crc32 } from "node:zlib";
import { concatBytes } from "../../../core/bytes.ts";
import type { FileSink } from "../../files/writeWhole.ts";

/** torch.save aligns what it stores, so that it may be mapped into memory. */
const ALIGNMENT = 64;
const MAX_U32 = 0xffffffff;
const UTF8 = 0x0800;
/** 1980-01-01: the same input makes the same file. */
const DATE = 0x21;

interface Written {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly header: number;
}

/** Writes a zip archive of stored entries, one after the other, in zip64 where numbers want it. */
export class ZipWriter {
  readonly #sink: FileSink;
  readonly #entries: Written[] = [];

  constructor(sink: FileSink) {
    this.#sink = sink;
  }

  async add(path: string, bytes: Uint8Array): Promise<void> {
    await this.begin(path, bytes.length, crc32(bytes));
    await this.#sink.write(bytes);
  }

  /** The header of an entry, whose bytes the caller then writes. */
  async begin(path: string, size: number, crc: number): Promise<void> {
    const entry = { name: new TextEncoder().encode(path), size, crc, header: this.#sink.position };
    await this.#sink.write(localHeader(entry));
    this.#entries.push(entry);
  }

  /** The directory, without which there is no archive. */
  async finish(): Promise<void> {
    const start = this.#sink.position;
    for (const entry of this.#entries) await this.#sink.write(directoryRecord(entry));
    await this.#sink.write(endRecords(this.#entries.length, start, this.#sink.position - start));
  }
}

/** Little-endian fields in a row: [bytes, value] each. */
function fields(...list: [bytes: 2 | 4 | 8, value: number][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of list) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

/** What a 32-bit field says of a number that stands in the zip64 field. */
const clamp = (value: number): number => Math.min(value, MAX_U32);

function zip64Extra(values: number[]): Uint8Array {
  if (values.length === 0) return new Uint8Array(0);
  return concatBytes([fields([2, 1], [2, 8 * values.length]), ...values.map((value) => fields([8, value]))]);
}

/** The fields that the local header and the directory have in common, from the version needed to the extra length. */
function shared({ name, size, crc }: Written, extraBytes: number): Uint8Array {
  return fields(
    ...([
      [2, 45],
      [2, UTF8],
      [2, 0],
      [2, 0],
      [2, DATE],
    ] as [2, number][]),
    ...([
      [4, crc],
      [4, clamp(size)],
      [4, clamp(size)],
    ] as [4, number][]),
    ...([
      [2, name.length],
      [2, extraBytes],
    ] as [2, number][]),
  );
}

function localHeader(entry: Written): Uint8Array {
  const zip64 = zip64Extra(entry.size >= MAX_U32 ? [entry.size, entry.size] : []);
  const unpadded = entry.header + 30 + entry.name.length + zip64.length + 4;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  const pad = concatBytes([fields([2, 0x4246], [2, padding]), new Uint8Array(padding).fill(0x5a)]); // "FB", as PyTorch's
  return concatBytes([fields([4, 0x04034b50]), shared(entry, zip64.length + pad.length), entry.name, zip64, pad]);
}

function directoryRecord(entry: Written): Uint8Array {
  const { size, header, name } = entry;
  const zip64 = zip64Extra([...(size >= MAX_U32 ? [size, size] : []), ...(header >= MAX_U32 ? [header] : [])]);
  return concatBytes([
    fields([4, 0x02014b50], [2, 45]),
    shared(entry, zip64.length),
    fields([2, 0], [2, 0], [2, 0], [4, 0], [4, clamp(header)]),
    name,
    zip64,
  ]);
}

function endRecords(count: number, start: number, bytes: number): Uint8Array {
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, Math.min(count, 0xffff)], [2, Math.min(count, 0xffff)]);
  const tail = fields([4, clamp(bytes)], [4, clamp(start)], [2, 0]);
  if (count < 0xffff && start < MAX_U32 && bytes < MAX_U32) return concatBytes([end, tail]);
  const end64 = fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]);
  const numbers = fields([8, count], [8, count], [8, bytes], [8, start]);
  const locator = fields([4, 0x07064b50], [4, 0], [8, start + bytes], [4, 1]);
  return concatBytes([end64, numbers, locator, end, tail]);
}
