import { CHANNELS, type Image, makeImage } from "./image.ts";

/** Pillow's `convert("RGB")`: grey is repeated, alpha is dropped (its hidden colours show). RGB is returned as is. */
export function convertToRgb(image: Image): Image {
  const { width, height, mode, data } = image;
  if (mode === "RGB") return image;
  if (mode === "P") return makeImage(width, height, "RGB", data);
  const channels = CHANNELS[mode];
  const isGrey = channels < 3;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[isGrey ? from : from + 1];
    rgb[to + 2] = data[isGrey ? from : from + 2];
  }
  return makeImage(width, height, "RGB", rgb);
}
