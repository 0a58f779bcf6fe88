import { type Image, makeImage } from "./image.ts";
import { type PreprocessOptions, preprocess } from "./preprocess.ts";

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
