import type { FileHandle } from "node:fs/promises";
import { FileFormatError } from "../../../core/errors.ts";

/** A file of a tar archive, and where its bytes lie. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Members of an archive up to its end: where two blocks of zeros begin, the file is cut off, or no header follows. */
export interface TarMembers {
  readonly members: readonly TarMember[];
  /** Whether it ends in the middle of a header or of a file, or in something else. */
  readonly truncated: boolean;
}

const BLOCK = 512;
const FILES = "\x000 7"; // "\0" in the oldest archives, "7" contiguous
/** Kinds that have no bytes behind their header, whatever size it says: links, devices, folders, pipes. */
const EMPTY = "123456";
/** A longer name is no name. */
const MOST_EXTENDED = 2 ** 20;

/**
 * The files in a tar archive (ustar, pax, GNU), as Python's tarfile finds them; only headers are read.
 * @throws FileFormatError if it does not begin with a header, or has a file with holes
 */
export async function readTarMembers(file: FileHandle, name: string, bytes: number): Promise<TarMembers> {
  const members: TarMember[] = [];
  let next: Extended = {};
  for (let at = 0; ; ) {
    const block = await read(file, at, Math.min(BLOCK, bytes - at));
    if (block.length === 0 || (block.length === BLOCK && block.every((byte) => byte === 0))) {
      if (at === 0) throw new FileFormatError(`${name} is not a tar archive: it is empty`);
      return { members, truncated: false };
    }
    if (block.length < BLOCK || !hasChecksum(block)) {
      if (at === 0) throw new FileFormatError(`${name} is not a tar archive: it does not begin with a header`);
      return { members, truncated: true };
    }
    const { kind, ...header } = headerOf(block);
    const size = next.size ?? header.size;
    const offset = at + BLOCK;
    const end = EMPTY.includes(kind) ? offset : offset + Math.ceil(size / BLOCK) * BLOCK;
    if (!(offset + size <= bytes) && end > offset) return { members, truncated: true };
    if (kind === "x" || kind === "L") {
      const body = await read(file, offset, Math.min(size, MOST_EXTENDED));
      next = kind === "x" ? { ...next, ...paxOf(body) } : { ...next, name: text(body) };
    } else if (!"gK".includes(kind)) {
      const found = { name: next.name ?? header.name, offset, size };
      if (kind === "S")
        throw new FileFormatError(`${name}: ${found.name} is stored with holes; tar it without --sparse`);
      if (FILES.includes(kind) && !found.name.endsWith("/")) members.push(found);
      next = {};
    }
    at = end;
  }
}

/** What stands before a header for it, as it is too long or too large for one. */
interface Extended {
  readonly name?: string;
  readonly size?: number;
}

async function read(file: FileHandle, at: number, size: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(new Uint8Array(Math.max(0, size)), 0, Math.max(0, size), at);
  return buffer.subarray(0, bytesRead);
}

function headerOf(block: Uint8Array): { name: string; size: number; kind: string } {
  const [name, prefix] = [text(block.subarray(0, 100)), text(block.subarray(345, 500))];
  const isPosix = text(block.subarray(257, 265)).startsWith("ustar") && block[262] === 0; // GNU has other things there
  return {
    name: isPosix && prefix ? `${prefix}/${name}` : name,
    size: numberOf(block.subarray(124, 136)),
    kind: String.fromCharCode(block[156]),
  };
}

/** Octal digits; or, with the first bit set, the bytes of the number. */
function numberOf(field: Uint8Array): number {
  if (field[0] & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.parseInt(text(field).trim() || "0", 8);
}

/** The sum of a header's bytes, its own field as blanks, is in it. */
function hasChecksum(block: Uint8Array): boolean {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  return sum === numberOf(block.subarray(148, 156));
}

/** Records "27 path=ünïcode.txt\n", each with its length in bytes. */
function paxOf(body: Uint8Array): Extended {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < body.length; ) {
    const length = Number.parseInt(text(body.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const record = text(body.subarray(at, at + length - 1));
    const [, key, value] = /^\d+ ([^=]*)=(.*)$/s.exec(record) ?? [];
    if (key === "path") found.name = value;
    if (key === "size") found.size = Number(value);
    at += length;
  }
  return found;
}

/** UTF-8 up to the first zero. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
