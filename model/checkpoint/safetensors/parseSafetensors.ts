import { FileFormatError } from "../../../core/errors.ts";
import { decodeStored } from "../decodeStored.ts";
import { BEGINNING_BYTES } from "../../files/whatIsIt.ts";
import { headerLength, LENGTH_BYTES, orWhatItIs, parseHeader, type SafetensorsHeader } from "./safetensorsHeader.ts";
import { quote, type TensorData, type WeightFile } from "../weightFile.ts";

/**
 * A safetensors file whose bytes are in memory already, in Node or a browser. Tensors are views of `bytes`
 * where dtype and alignment allow, so loading copies nothing.
 *
 * @param name what messages call the file. Throws FileFormatError for anything that is not a whole, valid file.
 */
export function parseSafetensors(bytes: ArrayBuffer, name: string): WeightFile {
  const start = new Uint8Array(bytes, 0, Math.min(BEGINNING_BYTES, bytes.byteLength));
  let header: SafetensorsHeader;
  let dataStart: number;
  try {
    const length = headerLength(start, bytes.byteLength, name);
    dataStart = LENGTH_BYTES + length;
    header = parseHeader(new Uint8Array(bytes, LENGTH_BYTES, length), bytes.byteLength - dataStart, name);
  } catch (error) {
    throw orWhatItIs(error, start, name);
  }
  const readSync = (tensorName: string): TensorData => {
    const tensor = header.tensors.get(tensorName);
    if (!tensor) throw new FileFormatError(`${name}: has no tensor ${quote(tensorName)}`);
    return decodeStored(tensor, new Uint8Array(bytes, dataStart + tensor.begin, tensor.end - tensor.begin), name);
  };
  return {
    path: name,
    tensors: header.tensors,
    metadata: header.metadata,
    read: async (tensorName) => readSync(tensorName),
    readSync,
    close: async () => {},
  };
}
