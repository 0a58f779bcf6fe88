import { type Backend, fromData, getBackend } from "../../tensor/index.ts";
import type { Inputs } from "../flamingo.ts";
import { modelInputs } from "../inputs.ts";
import type { PixelValues } from "../processor/pictures/preprocess.ts";
import type { Processor } from "../processor/processor.ts";
import { IGNORED } from "./labels.ts";
import type { Sample } from "./sample.ts";

/** A sample with its pictures as pixels: normalised, [3, size, size] each, row-major. */
export interface PreparedSample extends Omit<Sample, "pictures"> {
  readonly pixels: readonly Float32Array[];
}

/** Samples as a model takes them, padded on the right, and the targets of their tokens. */
export interface TrainingBatch extends PixelValues {
  /** [b][t] */
  readonly inputIds: Int32Array[];
  /** [b][t]: 1 where a token is real */
  readonly attentionMask: Int32Array[];
  /** [b][t], IGNORED where a token does not count */
  readonly labels: Int32Array[];
  /** [b][t]: which picture each token sees, counted from 1; 0: none */
  readonly textTime: Int32Array[];
  /** How many tokens count once the loss has shifted the labels. */
  readonly targets: number;
  readonly samples: readonly PreparedSample[];
}

/**
 * Samples -> a batch. Rows with fewer pictures than others get zeros, which no token looks at; where no row has any, there
 * is one such picture, because a model takes at least one.
 */
export function collate(
  samples: readonly PreparedSample[],
  { tokenizer, imageSize, imageTokenId }: Processor,
): TrainingBatch {
  const length = Math.max(...samples.map(({ inputIds }) => inputIds.length));
  const padded = (row: readonly number[], filler: number) =>
    Int32Array.from({ length }, (_, t) => (t < row.length ? row[t] : filler));
  const labels = samples.map((sample) => padded(sample.labels, IGNORED));
  return {
    inputIds: samples.map((sample) => padded(sample.inputIds, tokenizer.padId)),
    attentionMask: samples.map(({ inputIds }) => padded(new Array(inputIds.length).fill(1), 0)),
    labels,
    textTime: samples.map((sample) => textTimeOf(sample, length, imageTokenId)),
    targets: labels.reduce((sum, row) => sum + row.subarray(1).filter((label) => label !== IGNORED).length, 0),
    ...stackPixels(samples, imageSize),
    samples,
  };
}

/** Padding sees what the last token sees; nothing looks at it. */
function textTimeOf(
  { inputIds, pixels, looksAhead }: PreparedSample,
  length: number,
  imageTokenId: number,
): Int32Array {
  let seen = 0;
  return Int32Array.from({ length }, (_, t) => {
    if (inputIds[t] === imageTokenId) seen++;
    return looksAhead ? Math.min(seen + 1, pixels.length) : seen;
  });
}

function stackPixels(samples: readonly PreparedSample[], size: number): PixelValues {
  const places = Math.max(1, ...samples.map(({ pixels }) => pixels.length));
  const pictureSize = 3 * size * size;
  const pixelValues = new Float32Array(samples.length * places * pictureSize);
  for (const [row, { pixels }] of samples.entries()) {
    for (const [i, picture] of pixels.entries()) pixelValues.set(picture, (row * places + i) * pictureSize);
  }
  return { pixelValues, pixelShape: [samples.length, places, 1, 3, size, size] };
}

/** A batch as tensors: what `InfiMM.call` takes. */
export function batchInputs(batch: TrainingBatch, backend: Backend = getBackend()): Inputs {
  const { textTime, samples } = batch;
  const [b, t] = [textTime.length, textTime[0].length];
  const flat = Int32Array.from({ length: b * t }, (_, i) => textTime[Math.floor(i / t)][i % t]);
  const hasMedia = Float32Array.from(samples, ({ pixels }) => (pixels.length > 0 ? 1 : 0));
  return {
    ...modelInputs(batch, backend),
    places: {
      textTime: fromData(flat, [b, t], "i32", backend),
      hasMedia: fromData(hasMedia, [b, 1, 1], "f32", backend),
    },
  };
}
