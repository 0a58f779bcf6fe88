import type { Image } from "../image.ts";
import { decodeJpeg } from "./jpegPixels.ts";
import { readJpegHeader, requireWhole } from "./jpegHeader.ts";
import { orientationIn } from "./orientationIn.ts";
import type { PictureFormat } from "./opened.ts";

/** JPEG, baseline and progressive: grey, YCbCr, RGB, CMYK. */
export const jpeg: PictureFormat = {
  name: "JPEG",
  open(bytes) {
    const header = readJpegHeader(bytes);
    const { width, height, metadata } = header;
    return { width, height, orientation: async () => orientationIn(metadata), decode };

    async function decode(): Promise<Image> {
      requireWhole(bytes, header);
      return decodeJpeg(bytes, header);
    }
  },
};
