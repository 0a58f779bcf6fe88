import { concatBytes } from "../../core/bytes.ts";
import { FileFormatError } from "../../core/errors.ts";
import { countText } from "../processor/text/countText.ts";

/** Refuses bytes over a limit. `name` is how the message calls them. */
export function requireBytesWithin(maxBytes: number, bytes: number, name: string): void {
  if (bytes <= maxBytes) return;
  throw new FileFormatError(
    `${name}: more than the limit of ${countText(maxBytes)} bytes; raise maxBytes if it is right`,
  );
}

/** All bytes of a stream, which is left as soon as it brings more than `maxBytes`. */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  name: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    requireBytesWithin(maxBytes, length, name);
    parts.push(chunk);
  }
  return concatBytes(parts);
}
