import { CHANNELS, type Image, makeImage } from "./image.ts";

/**
 * Turns a picture upright by its EXIF orientation, as Pillow's `ImageOps.exif_transpose`. The original InfiMM
 * processor does not do this.
 *
 * Orientations (EXIF 2.3, tag 0x0112): 1 upright, 2 mirrored, 3 turned by 180 degrees, 4 flipped, 5 transposed,
 * 6 to be turned clockwise by 90, 7 transversed, 8 to be turned anticlockwise by 90. Others count as 1.
 */
export function applyOrientation(image: Image, orientation: number): Image {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { width, height, mode, data } = image;
  const channels = CHANNELS[mode];
  const swapsAxes = orientation >= 5;
  const outWidth = swapsAxes ? height : width;
  const outHeight = swapsAxes ? width : height;
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let outY = 0; outY < outHeight; outY++) {
    for (let outX = 0; outX < outWidth; outX++) {
      const x = swapsAxes ? outY : outX;
      const y = swapsAxes ? outX : outY;
      const from = ((fromBottom ? height - 1 - y : y) * width + (fromRight ? width - 1 - x : x)) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[from + c];
    }
  }
  return makeImage(outWidth, outHeight, mode, out);
}
