import { latin1 } from "../../../files/latin1.ts";
import { orientationOf } from "./exif.ts";

/** What a picture's file says of itself, where each kind of file keeps it. */
export interface Metadata {
  readonly exif?: Uint8Array;
  /** PNG's "Raw profile type exif", a text that ImageMagick writes: a name, a length, and EXIF in hexadecimal lines. */
  readonly rawProfile?: string;
  /** XMP, an XML text in UTF-8. */
  readonly xmp?: Uint8Array;
}

/** The orientation, 1 to 8, as Pillow's `Image.getexif` finds it: EXIF first, then the raw profile, then XMP. */
export function orientationIn({ exif, rawProfile, xmp }: Metadata): number {
  const block = exif ?? (rawProfile === undefined ? undefined : bytesOfProfile(rawProfile));
  if (block === null) return 1;
  const found = block && orientationOf(block);
  if (found !== undefined) return found;
  const digit = Number(/tiff:Orientation(?:="|>)([0-9])/.exec(xmp ? latin1(xmp) : "")?.[1] ?? 1);
  return digit >= 1 && digit <= 8 ? digit : 1;
}

/**
 * The EXIF block of a raw profile; null if it is damaged, as Pillow gives up then. Python's `bytes.fromhex` wants pairs of
 * digits, with blanks between them but not inside.
 */
function bytesOfProfile(text: string): Uint8Array | null {
  const runs = text.split("\n").slice(3).join("").split(/\s+/);
  if (!runs.every((run) => run.length % 2 === 0 && /^[0-9a-f]*$/i.test(run))) return null;
  const digits = runs.join("");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
