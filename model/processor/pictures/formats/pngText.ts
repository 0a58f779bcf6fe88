import { concatBytes } from "../../../../core/bytes.ts";
import { latin1 } from "../../../files/latin1.ts";
import { inflateAll } from "./inflate.ts";
import type { Metadata } from "./orientationIn.ts";

/** Texts are small; Pillow takes no more than this of a packed one. */
const MOST_TEXT = 2 ** 20;
const EXIF_MARK = new TextEncoder().encode("Exif\0\0");
const XMP = "XML:com.adobe.xmp";
const RAW_PROFILE = "Raw profile type exif";

/** The EXIF and XMP in a PNG's chunks, wherever they stand; the last of each counts, as in Pillow. */
export async function readPngMetadata(chunks: Iterable<{ type: string; body: Uint8Array }>): Promise<Metadata> {
  const found: { exif?: Uint8Array; rawProfile?: string; xmp?: Uint8Array } = {};
  for (const { type, body } of chunks) {
    if (type === "eXIf") found.exif = concatBytes([EXIF_MARK, body]); // as Pillow: of a file's own marks one more is forgiven
    const text = await readText(type, body);
    if (text?.keyword === "exif" && type === "tEXt") found.exif = text.value;
    if (text?.keyword === RAW_PROFILE) found.rawProfile = latin1(text.value);
    if (text?.keyword === XMP) found.xmp = text.value;
  }
  return found;
}

/** A keyword, and the text after it: plain, packed (zTXt), or with a language and translated keyword between (iTXt). */
async function readText(type: string, body: Uint8Array): Promise<{ keyword: string; value: Uint8Array } | undefined> {
  if (!["tEXt", "zTXt", "iTXt"].includes(type)) return undefined;
  const [keyword, rest] = cut(body);
  if (!rest || ![XMP, RAW_PROFILE, "exif"].includes(keyword)) return undefined;
  if (type === "tEXt") return { keyword, value: rest };
  if (type === "zTXt")
    return rest[0] === 0 ? { keyword, value: await inflateAll(rest.subarray(1), MOST_TEXT) } : undefined;
  const [isPacked, method] = rest;
  const value = cut(cut(rest.subarray(2))[1] ?? new Uint8Array())[1];
  if (!value || (isPacked !== 0 && method !== 0)) return undefined;
  return { keyword, value: isPacked !== 0 ? await inflateAll(value, MOST_TEXT) : value };
}

/** What stands before the first zero, and the bytes after it, if there is one. */
function cut(bytes: Uint8Array): [string, Uint8Array | undefined] {
  const at = bytes.indexOf(0);
  return at < 0 ? [latin1(bytes), undefined] : [latin1(bytes.subarray(0, at)), bytes.subarray(at + 1)];
}
