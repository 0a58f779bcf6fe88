import { InfimmError } from "../../../core/errors.ts";
import { convertToRgb } from "./convertToRgb.ts";
import { type Image, makeImage } from "./image.ts";
import { pillowResize } from "./pillowResize.ts";

/** Mean and standard deviation of the pictures CLIP was trained on, per channel, for values in 0 to 1. */
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** How pictures become pixel values. */
export interface PreprocessOptions {
  /** Side of the square the vision tower takes, in pixels (`config.visual.image_size`). */
  size: number;
  /** InfiMM-HD: convert to RGB and pad to a square first, so that nothing is cropped away. Default false. */
  padToSquare?: boolean;
}

export interface Preprocessed {
  /** What the model sees, as RGB bytes [size, size, 3]. */
  pixels: Uint8Array;
  /** The same, normalised, [3, size, size]. */
  values: Float32Array;
}

/** The pictures of a batch, as the model takes them. */
export interface PixelValues {
  /** Normalised pixels, row-major in `pixelShape`. */
  pixelValues: Float32Array;
  /** [b, pictures, 1 frame, 3, size, size] */
  pixelShape: [number, number, 1, 3, number, number];
}

/**
 * Preprocesses and stacks the pictures of each row. A row without any gets one black picture, as in the original;
 * places beyond a row's last picture are zeros.
 */
export function stackPictures(rows: readonly (readonly Image[])[], options: PreprocessOptions): PixelValues {
  const { size } = options;
  const filled = rows.map((images) => (images.length > 0 ? images : [blackPicture(size)]));
  const pictures = Math.max(1, ...filled.map((images) => images.length));
  const pictureSize = 3 * size * size;
  const pixelValues = new Float32Array(rows.length * pictures * pictureSize);
  filled.forEach((images, row) => {
    images.forEach((image, i) => {
      pixelValues.set(preprocess(image, options).values, (row * pictures + i) * pictureSize);
    });
  });
  return { pixelValues, pixelShape: [rows.length, pictures, 1, 3, size, size] };
}

function blackPicture(size: number): Image {
  return makeImage(size, size, "RGB", new Uint8Array(size * size * 3));
}

/**
 * A picture as the vision tower wants it: resize (shorter side to `size`, bicubic), crop the centre, convert to
 * RGB, normalise. In this order, as the original does: a palette or an alpha channel is resized before it goes.
 */
export function preprocess(image: Image, { size, padToSquare: pad = false }: PreprocessOptions): Preprocessed {
  if (!Number.isInteger(size) || size < 1) {
    throw new InfimmError(`preprocess: size must be a positive integer, got ${size}`);
  }
  const source = pad ? padToSquare(convertToRgb(image)) : image;
  const [width, height] = shorterSideTo(size, source.width, source.height);
  const window = {
    left: roundHalfEven((width - size) / 2),
    top: roundHalfEven((height - size) / 2),
    width: size,
    height: size,
  };
  const pixels = convertToRgb(pillowResize(source, width, height, window)).data;
  return { pixels, values: normalize(pixels) };
}

/** Width and height after scaling the shorter side to `size`; the longer side is truncated (torchvision `Resize`). */
export function shorterSideTo(size: number, width: number, height: number): [number, number] {
  return width <= height ? [size, Math.trunc((size * height) / width)] : [Math.trunc((size * width) / height), size];
}

/** Python's `round` for the halves that crop offsets come in: 0.5 -> 0, 1.5 -> 2, 2.5 -> 2. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** An RGB picture centred on a square of the mean colour (InfiMM-HD's `expand2square`). */
function padToSquare(image: Image): Image {
  const side = Math.max(image.width, image.height);
  if (image.width === image.height) return image;
  const left = Math.floor((side - image.width) / 2);
  const top = Math.floor((side - image.height) / 2);
  const fill = CLIP_MEAN.map((mean) => Math.trunc(mean * 255)); // 122, 116, 104
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) data[i] = fill[i % 3];
  const rowBytes = image.width * 3;
  for (let y = 0; y < image.height; y++) {
    data.set(image.data.subarray(y * rowBytes, (y + 1) * rowBytes), ((top + y) * side + left) * 3);
  }
  return makeImage(side, side, "RGB", data);
}

/** (byte / 255 - mean) / std for each channel and byte, rounded to float32 after every step, as torchvision does. */
const TABLES = CLIP_MEAN.map((mean, c) =>
  Float32Array.from({ length: 256 }, (_, byte) => {
    const centred = Math.fround(Math.fround(byte / 255) - Math.fround(mean));
    return Math.fround(centred / Math.fround(CLIP_STD[c]));
  }),
);

/** RGB bytes [height, width, 3] -> normalised values [3, height, width]. */
function normalize(pixels: Uint8Array): Float32Array {
  const area = pixels.length / 3;
  const values = new Float32Array(pixels.length);
  for (let c = 0; c < 3; c++) {
    const table = TABLES[c];
    for (let i = 0; i < area; i++) values[c * area + i] = table[pixels[i * 3 + c]];
  }
  return values;
}
