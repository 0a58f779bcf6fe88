import { FileFormatError } from "../../core/errors.ts";
import { requireBytesWithin } from "./collectBytes.ts";

/** The bytes in a data URL (RFC 2397): `data:image/png;base64,…`, or with %-escapes. */
export function bytesOfDataUrl(url: string, maxBytes: number, name: string): Uint8Array {
  const comma = url.indexOf(",");
  if (comma < 0) throw new FileFormatError(`${name}: expected data:<type>;base64,<data>, but there is no comma`);
  const isBase64 = /;\s*base64\s*$/i.test(url.slice(0, Math.min(comma, 1000)));
  const body = url.slice(comma + 1);
  requireBytesWithin(maxBytes, isBase64 ? (body.length * 3) / 4 - 2 : body.length / 3, name);
  const text = body.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return bytesOf(isBase64 ? atob(text) : text);
  } catch (cause) {
    throw new FileFormatError(`${name}: its ${isBase64 ? "base64" : "text"} is damaged`, { cause });
  }
}

function bytesOf(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) {
    const code = binary.charCodeAt(i);
    if (code > 255) throw new RangeError(`character ${i} is no byte`);
    bytes[i] = code;
  }
  return bytes;
}
