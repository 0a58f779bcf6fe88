import { InfimmError } from "../../../core/errors.ts";
import { bicubic } from "./bicubic.ts";
import { CHANNELS, type Crop, type Image, makeImage } from "./image.ts";
import { premultiply, unpremultiply } from "./premultiply.ts";

/**
 * Pillow's `image.resize((width, height), BICUBIC)` byte for byte, followed by `crop(window)`; only the window is
 * computed. As in Pillow, palette and bilevel pictures are sampled nearest-neighbour, alpha is premultiplied for
 * the resize, and a picture that already has the size is not touched.
 *
 * Source: Pillow 13 `Image.resize`, `Resample.c`, `Geometry.c`.
 */
export function pillowResize(image: Image, width: number, height: number, window?: Crop): Image {
  const part = window ?? { left: 0, top: 0, width, height };
  checkCrop(part, width, height);
  const { mode, data } = image;
  if (width === image.width && height === image.height) return crop(image, part);
  if (mode === "1" || mode === "P") return nearest(image, width, height, part);

  const channels = CHANNELS[mode];
  const hasAlpha = mode === "LA" || mode === "RGBA";
  const source = hasAlpha ? premultiply(data, channels) : data;
  const resized = bicubic(source, [image.height, image.width, channels], [height, width], part);
  return makeImage(part.width, part.height, mode, hasAlpha ? unpremultiply(resized, channels) : resized);
}

/** The part of `image` inside `window`. */
export function crop(image: Image, window: Crop): Image {
  checkCrop(window, image.width, image.height);
  if (window.width === image.width && window.height === image.height) return image;
  const channels = CHANNELS[image.mode];
  const rowBytes = window.width * channels;
  const out = new Uint8Array(window.height * rowBytes);
  for (let y = 0; y < window.height; y++) {
    const from = ((window.top + y) * image.width + window.left) * channels;
    out.set(image.data.subarray(from, from + rowBytes), y * rowBytes);
  }
  return makeImage(window.width, window.height, image.mode, out);
}

function nearest(image: Image, width: number, height: number, window: Crop): Image {
  const channels = CHANNELS[image.mode];
  const columns = nearestIndices(image.width, width).subarray(window.left, window.left + window.width);
  const rows = nearestIndices(image.height, height).subarray(window.top, window.top + window.height);
  const out = new Uint8Array(window.width * window.height * channels);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * channels;
      for (let c = 0; c < channels; c++) out[to++] = image.data[from + c];
    }
  }
  return makeImage(window.width, window.height, image.mode, out);
}

/** The input index of each output. Positions are summed up, not multiplied, as Pillow does: the rounding shows. */
function nearestIndices(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize;
  const indices = new Int32Array(outSize);
  let position = step * 0.5;
  for (let i = 0; i < outSize; i++) {
    indices[i] = Math.min(inSize - 1, Math.trunc(position));
    position += step;
  }
  return indices;
}

function checkCrop(window: Crop, width: number, height: number): void {
  const { left, top } = window;
  const fits = left >= 0 && top >= 0 && left + window.width <= width && top + window.height <= height;
  if (!fits || window.width < 1 || window.height < 1) {
    const asked = `${window.width} x ${window.height} at (${left}, ${top})`;
    throw new InfimmError(`resize: the window ${asked} does not lie inside ${width} x ${height}`);
  }
}
