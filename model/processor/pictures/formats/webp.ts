import { FileFormatError } from "../../../../core/errors.ts";
import { type Image, makeImage } from "../image.ts";
import { firstChannels } from "./firstChannels.ts";
import { orientationIn } from "./orientationIn.ts";
import type { PictureFormat } from "./opened.ts";
import { type CreateCodec, wasmCodec } from "./wasmCodec.ts";
import { chunk, setUint24, webpFile } from "./webpChunks.ts";
import { ALPHA, type Frame, readWebpHeader, requireSize, type WebpFile } from "./webpHeader.ts";

/** WebP, lossy and lossless; of an animated one, the first picture. Pillow's bytes, by libwebp in WebAssembly. */
export const webp: PictureFormat = {
  name: "WebP",
  open(bytes) {
    const file = readWebpHeader(bytes);
    const { width, height, metadata } = file;
    return { width, height, orientation: async () => orientationIn(metadata), decode: () => decodeWebp(bytes, file) };
  },
};

const libwebp = wasmCodec("@jsquash/webp/codec/dec/webp_dec.wasm", async () => {
  return (await import("@jsquash/webp/codec/dec/webp_dec.js")).default as unknown as CreateCodec;
});

async function decodeWebp(bytes: Uint8Array, file: WebpFile): Promise<Image> {
  const { frame, place, width, height, hasAlpha } = file;
  const decoded = await libwebp((codec) => codec.decode(place ? stillOf(frame) : bytes));
  if (!decoded) throw new FileFormatError("it is cut off or damaged");
  requireSize(decoded, frame);
  const canvas = place ? pasteOn(file, decoded.data, place) : decoded.data;
  return hasAlpha
    ? makeImage(width, height, "RGBA", new Uint8Array(canvas.buffer))
    : makeImage(width, height, "RGB", firstChannels(canvas, 4, 3));
}

/** A frame of an animation as a file of its own. */
function stillOf({ image, alpha, width, height }: Frame): Uint8Array {
  if (!alpha) return webpFile(image.whole);
  const header = new Uint8Array(10);
  header[0] = ALPHA;
  setUint24(header, 4, width - 1);
  setUint24(header, 7, height - 1);
  return webpFile(chunk("VP8X", header), alpha.whole, image.whole);
}

/** RGBA pixels at their place on a canvas that is transparent black elsewhere. */
function pasteOn(
  { width, height, frame }: WebpFile,
  pixels: Uint8ClampedArray,
  { left, top }: { left: number; top: number },
) {
  const canvas = new Uint8Array(width * height * 4);
  for (let y = 0; y < frame.height; y++) {
    const row = pixels.subarray(y * frame.width * 4, (y + 1) * frame.width * 4);
    canvas.set(row, ((top + y) * width + left) * 4);
  }
  return canvas;
}
