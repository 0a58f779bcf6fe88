import { checked } from "../../../core/knownNames.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { countText } from "../text/countText.ts";
import { textAt } from "./formats/bytes.ts";
import type { OpenedPicture, PictureFormat } from "./formats/opened.ts";
import type { Image } from "./image.ts";
import { applyOrientation } from "./orientation.ts";

/** Options of decodeImage, and of whatever reads pictures. */
export interface DecodeOptions {
  /** What the messages call the picture: its path, say. */
  name?: string;
  /** Larger pictures are refused before they are decoded. Default 50 million pixels. */
  maxPixels?: number;
  /** "apply" turns pictures upright as Pillow's `ImageOps.exif_transpose` does. Default "ignore", as the original processor does. */
  orientation?: "ignore" | "apply";
}

/** Enough for today's cameras. Decoding this many pixels takes 0.7 GB of memory at most; by jpeg-js 1.1 GB, and 15 s. */
export const MAX_PIXELS = 50e6;

/** How a file of each kind begins, and what reads it, which is loaded with the first of them. */
const FORMATS: readonly { matches(bytes: Uint8Array): boolean; load(): Promise<PictureFormat> }[] = [
  {
    matches: (bytes) => bytes[0] === 0x89 && textAt(bytes, 1, 3) === "PNG",
    load: async () => (await import("./formats/png.ts")).png,
  },
  {
    matches: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8,
    load: async () => (await import("./formats/jpeg.ts")).jpeg,
  },
  {
    matches: (bytes) => textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP",
    load: async () => (await import("./formats/webp.ts")).webp,
  },
];

/** What reads a file that begins like this; undefined if nothing does. */
export async function formatOf(bytes: Uint8Array): Promise<PictureFormat | undefined> {
  return FORMATS.find((one) => one.matches(bytes))?.load();
}

/**
 * Decodes a PNG, JPEG or WebP file, in Node and in browsers; of an animation, the first picture. The header is read
 * first, so that an absurd size costs nothing.
 *
 * Throws `FileFormatError` for anything that is not a whole picture of these kinds, and for pictures over the budget.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  const { orientation = "ignore" } = checked("decodeImage", options, ["name", "maxPixels", "orientation"]);
  return opened(bytes, options, async (picture) => {
    const image = await picture.decode();
    return orientation === "apply" ? applyOrientation(image, await picture.orientation()) : image;
  });
}

/** Throws what `decodeImage` would of a file by its beginning alone. */
export async function requireHeader(bytes: Uint8Array, options: DecodeOptions = {}): Promise<void> {
  await opened(bytes, options, async () => {});
}

/** What is done with a picture whose header is right. Whatever is wrong is said with the picture's name. */
async function opened<T>(
  bytes: Uint8Array,
  { name = "picture", maxPixels = MAX_PIXELS }: DecodeOptions,
  use: (picture: OpenedPicture) => Promise<T>,
): Promise<T> {
  const format = await formatOf(bytes);
  if (!format) {
    const { whatElse } = await import("./formats/otherFormats.ts");
    throw new FileFormatError(`${name}: ${whatElse(bytes)}`);
  }
  try {
    const picture = format.open(bytes);
    requireWithin(maxPixels, picture);
    return await use(picture);
  } catch (cause) {
    if (cause instanceof FileFormatError) throw new FileFormatError(`${name}: ${cause.message}`, { cause });
    const reason = cause instanceof Error ? ` (${cause.message})` : ""; // decoders in WebAssembly throw objects
    throw new FileFormatError(`${name}: the ${format.name} cannot be decoded, it is probably damaged${reason}`, {
      cause,
    });
  }
}

/** Refuses pictures without pixels, and pictures over a limit of pixels. */
export function requireWithin(maxPixels: number, { width, height }: { width: number; height: number }): void {
  const pixels = width * height;
  if (pixels === 0) throw new FileFormatError(`its header says ${width} x ${height} pixels`);
  if (pixels <= maxPixels) return;
  throw new FileFormatError(
    `${width} x ${height} = ${countText(pixels)} pixels is more than the limit of ${countText(maxPixels)}; ` +
      "make it smaller or raise maxPixels",
  );
}
