import { FileFormatError } from "../../../core/errors.ts";
import type { ByteSource } from "../byteSource.ts";
import { decodeStored } from "../decodeStored.ts";
import { headerLength, LENGTH_BYTES, orWhatItIs, parseHeader, type SafetensorsHeader } from "./safetensorsHeader.ts";
import { BEGINNING_BYTES } from "../../files/whatIsIt.ts";
import { quote, type WeightFile } from "../weightFile.ts";

/**
 * A safetensors file. Reads the header only; each tensor is then read from its own range, so a file may be larger
 * than memory, and memory holds what the caller keeps.
 *
 * Throws FileFormatError if this is not a whole, valid safetensors file, or is cut short later. Closing it closes `source`.
 */
export async function readSafetensors(source: ByteSource): Promise<WeightFile> {
  const { name: path, size } = source;
  const start = await source.read(0, Math.min(BEGINNING_BYTES, size));
  let header: SafetensorsHeader;
  let dataStart: number;
  try {
    const length = headerLength(start, size, path);
    dataStart = LENGTH_BYTES + length;
    header = parseHeader(await source.read(LENGTH_BYTES, length), size - dataStart, path);
  } catch (error) {
    throw orWhatItIs(error, start, path);
  }
  const { tensors, metadata } = header;
  return {
    path,
    tensors,
    metadata,
    async read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
      const bytes = await source.read(dataStart + tensor.begin, tensor.end - tensor.begin);
      return decodeStored(tensor, bytes, path);
    },
    async readTogether(names) {
      const located = names.map((name) => tensors.get(name));
      const follows = located.every((tensor, i) => tensor && (i === 0 || tensor.begin === located[i - 1]?.end));
      const [first, last] = [located[0], located[located.length - 1]];
      if (!follows || !first || !last) return undefined;
      return source.read(dataStart + first.begin, last.end - first.begin);
    },
    close: () => source.close(),
  };
}
