import type { Image } from "../image.ts";

/** A picture file whose header was read. Nothing is decoded yet, so that an absurd size has cost nothing. */
export interface OpenedPicture {
  readonly width: number;
  readonly height: number;
  /** From EXIF or XMP, 1 to 8; 1 (upright) if the file does not say. */
  orientation(): Promise<number>;
  /** The pixels, as they are stored: not turned by `orientation`. */
  decode(): Promise<Image>;
}

/**
 * One kind of picture file. `open` and `decode` throw a `FileFormatError` that says what is wrong with the bytes;
 * whoever calls them adds which file it is. Anything else they throw comes from a decoder that met damaged data.
 */
export interface PictureFormat {
  readonly name: string;
  open(bytes: Uint8Array): OpenedPicture;
}
