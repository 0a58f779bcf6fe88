import { InfimmError } from "../../../core/errors.ts";
import type { Drawable } from "../../../core/platformTypes.ts";
import { requireWithin } from "./decodeImage.ts";
import { type Image, makeImage } from "./image.ts";

/** What a browser can draw, and the names of its width and height in pixels. */
const SIZES: Readonly<Record<string, readonly [width: string, height: string]>> = {
  ImageBitmap: ["width", "height"],
  HTMLImageElement: ["naturalWidth", "naturalHeight"],
  HTMLCanvasElement: ["width", "height"],
  OffscreenCanvas: ["width", "height"],
  VideoFrame: ["displayWidth", "displayHeight"],
  HTMLVideoElement: ["videoWidth", "videoHeight"],
};

/** The class that the platform calls it by, of another frame's objects, too. */
const kindOf = (source: unknown): string => Object.prototype.toString.call(source).slice(8, -1);

/** Whether a browser can draw it: an ImageBitmap, a canvas, an image or video element, a VideoFrame. */
export function isDrawable(source: unknown): source is Drawable {
  return Object.hasOwn(SIZES, kindOf(source));
}

/**
 * The pixels of what a browser can draw, as it draws them: an image element's are its own decoder's, turned upright as
 * its EXIF says; half-transparent ones are rounded, since canvases hold them premultiplied.
 * @throws InfimmError for what has no pixels yet, any more, or for this page
 */
export async function drawnPixels(source: Drawable, maxPixels: number): Promise<Image> {
  const kind = kindOf(source);
  const fields = source as unknown as Record<string, number> & { decode?: () => Promise<void> };
  await fields.decode?.().catch(() => {}); // of an image element that is still loading; a broken one has no size
  const [width, height] = SIZES[kind].map((name) => fields[name]);
  if (!(width > 0 && height > 0)) {
    throw new InfimmError(`picture: the ${kind} has no pixels: it is empty, closed, or not loaded (yet)`);
  }
  requireWithin(maxPixels, { width, height });
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context)
    throw new InfimmError(`picture: no canvas of ${width} x ${height} pixels can be had to read the ${kind}`);
  try {
    context.drawImage(source as CanvasImageSource, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return makeImage(width, height, "RGBA", new Uint8Array(data.buffer));
  } catch (cause) {
    const isForeign = (cause as Error).name === "SecurityError";
    const why = isForeign
      ? 'comes from another origin, whose pixels a page may not read; set crossOrigin = "anonymous" before src, or give its address'
      : `cannot be drawn: ${(cause as Error).message}`;
    throw new InfimmError(`picture: the ${kind} ${why}`, { cause });
  }
}
