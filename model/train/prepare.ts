import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { preprocess } from "../processor/pictures/preprocess.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import type { Processor } from "../processor/processor.ts";
import type { PreparedSample } from "./collate.ts";
import { type Document, isLeftOut, type LeftOut, type Picture } from "./documents.ts";
import { checkSampleOptions, SAMPLE_NAMES, type SampleOptions, sampleOf } from "./sample.ts";

/** What a reader does with its documents before they can be a batch: lay out, tokenise, read and prepare the pictures. */
export function preparer(
  processor: Processor,
  options: SampleOptions = {},
): (document: Document) => Promise<PreparedSample | LeftOut> {
  checked("preparer", options, SAMPLE_NAMES);
  checkSampleOptions(options);
  return async (document) => {
    const sample = sampleOf(document, processor, options);
    if (isLeftOut(sample)) return sample;
    const { pictures, ...rest } = sample;
    const pixels: Float32Array[] = [];
    for (const picture of pictures) {
      const values = await pixelsOf(picture, processor);
      if (isLeftOut(values)) return { ...values, detail: `${document.source} ${document.id}: ${values.detail}` };
      pixels.push(values);
    }
    return { ...rest, pixels };
  };
}

/** Normalised pixels [3, size, size] by the family's own pipeline. */
async function pixelsOf(picture: Picture, { preprocessing }: Processor): Promise<Float32Array | LeftOut> {
  if ("pixels" in picture) return preprocess(picture.pixels, preprocessing).values;
  try {
    const image = await readPicture("bytes" in picture ? picture.bytes : picture.path);
    return preprocess(image, preprocessing).values;
  } catch (error) {
    return pictureFault(error);
  }
}

/** Why a picture cannot be read; an error that is not about the picture is thrown on. */
export function pictureFault(error: unknown): LeftOut {
  if (!(error instanceof InfimmError)) throw error;
  const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  return { leftOut: missing ? "no picture file" : "picture not decodable", detail: error.message };
}
