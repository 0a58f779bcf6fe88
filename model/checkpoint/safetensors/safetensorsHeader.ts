import { FileFormatError } from "../../../core/errors.ts";
import { whatIsIt } from "../../files/whatIsIt.ts";
import { checkLayout, type LocatedTensor, locate } from "./safetensorsLayout.ts";
import { isObject, parseObject } from "./strictJson.ts";
import { quote } from "../weightFile.ts";

/**
 * The safetensors format: 8 bytes, the header's length N as a little-endian u64; N bytes of JSON; then the
 * data of all tensors, end to end, with no holes. https://github.com/huggingface/safetensors#format
 * Everything a header claims is checked here before a byte of data is read or memory is taken.
 */
export const LENGTH_BYTES = 8;
export const MAX_HEADER_BYTES = 100_000_000;

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, LocatedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** N, from the file's first 8 bytes. `fileBytes` is the size of the whole file. */
export function headerLength(start: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < LENGTH_BYTES || start.length < LENGTH_BYTES) {
    throw new FileFormatError(
      `${file}: ${fileBytes} bytes is too short for a safetensors file; is the download complete?`,
    );
  }
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new FileFormatError(
      `${file}: claims a header of ${length} bytes (at most ${MAX_HEADER_BYTES} are allowed); this is not a safetensors file`,
    );
  }
  if (Number(length) > fileBytes - LENGTH_BYTES) {
    throw new FileFormatError(
      `${file}: claims a header of ${length} bytes, but the file has ${fileBytes} bytes; is the download complete?`,
    );
  }
  return Number(length);
}

/** The tensors and metadata that the N header bytes describe. `dataBytes` is how much follows the header. */
export function parseHeader(header: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const json = headerJson(header, file);
  const tensors = new Map<string, LocatedTensor>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(json)) {
    if (name === "__metadata__") metadata = checkMetadata(entry, file);
    else tensors.set(name, locate(name, entry, dataBytes, file));
  }
  checkLayout([...tensors.values()], dataBytes, file);
  return { tensors, metadata };
}

function headerJson(header: Uint8Array, file: string): Record<string, unknown> {
  try {
    return parseObject(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header));
  } catch (error) {
    throw new FileFormatError(
      `${file}: the header is not valid: ${quote((error as Error).message)}; is this a safetensors file?`,
    );
  }
}

function checkMetadata(entry: unknown, file: string): Record<string, string> {
  if (!isObject(entry) || !Object.values(entry).every((value) => typeof value === "string")) {
    throw new FileFormatError(`${file}: __metadata__ must be an object whose values are strings`);
  }
  return entry as Record<string, string>;
}

/** The error of a file that was refused; where its beginning shows that it is of another kind, one that says of which. */
export function orWhatItIs(error: unknown, start: Uint8Array, file: string): unknown {
  const what = error instanceof FileFormatError ? whatIsIt(start, "safetensors") : undefined;
  return what ? new FileFormatError(`${file}: is not a safetensors file: ${what}`, { cause: error }) : error;
}
