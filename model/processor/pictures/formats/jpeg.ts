import type { Image } from "../image.ts";
import { decodeJpeg } from "./jpegPixels.ts";
import { readJpegHeader, requireLongEnough } from "./jpegHeader.ts";
import type { PictureFormat } from "./opened.ts";

/** JPEG, baseline and progressive: grey, YCbCr, RGB, CMYK. */
export const jpeg: PictureFormat = {
  name: "JPEG",
  matches: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8,
  open(bytes) {
    const header = readJpegHeader(bytes);
    const { width, height, orientation } = header;
    return { width, height, orientation, decode };

    async function decode(): Promise<Image> {
      requireLongEnough(bytes, header);
      return decodeJpeg(bytes, header);
    }
  },
};
