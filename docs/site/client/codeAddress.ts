import { base64, bytesOf } from "../marks/png.ts";

/** What stands in an address at most, so that links stay links. */
const MOST = 16_000;

/** Code as it stands behind the `#` of an address, packed; null: it is too long for one. */
export async function packCode(code: string): Promise<string | null> {
  const packed = base64(await through(new TextEncoder().encode(code), new CompressionStream("deflate-raw")));
  const text = packed.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return text.length <= MOST ? text : null;
}

/** @throws for what is no packed code */
export async function unpackCode(text: string): Promise<string> {
  const packed = bytesOf(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(await through(packed, new DecompressionStream("deflate-raw")));
}

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const source = new Blob([Uint8Array.from(bytes)]).stream();
  return new Uint8Array(await new Response(source.pipeThrough(stream)).arrayBuffer());
}

/** A part of what stands behind the `#`. */
export function hashPart(name: string): string | null {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}

/** Put it there, or, for null, take it away. */
export function setHashPart(name: string, value: string | null): void {
  const hasParts = location.hash.includes("=");
  if (value === null && !hasParts) return; // a heading's anchor stays
  const parts = new URLSearchParams(hasParts ? location.hash.slice(1) : "");
  if (value === null) parts.delete(name);
  else parts.set(name, value);
  history.replaceState(null, "", `${location.pathname}${location.search}${parts.size > 0 ? `#${parts}` : ""}`);
}
