import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compute, fromData } from "../../tensor/index.ts";
import { writeWhole } from "../files/writeWhole.ts";
import type { EVAVisionTransformer } from "../evaClip/evaVisionTransformer.ts";
import type { InfiMM } from "../infimm.ts";
import type { Processor } from "../processor/processor.ts";
import { stackPictures } from "../processor/pictures/preprocess.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { digestOf, pictureBytes } from "./data/pictures.ts";
import type { Asked } from "./fewShot.ts";
import type { EvalRecord, Settings } from "./task.ts";

export interface RicesOptions {
  readonly asked: readonly Asked[];
  readonly train: readonly EvalRecord[];
  readonly count: number;
  readonly model: InfiMM;
  readonly processor: Processor;
  /** The data's. */
  readonly folder: string;
  readonly orientation: Settings["orientation"];
  /** Where features are kept. */
  readonly cache: string;
}

/**
 * RICES (Yang et al., 2022), as OpenFlamingo has it: the training items whose pictures are most like the one asked about,
 * the most alike last. Pictures are compared by the cosine of the model's own tower in CLIP's way: CLS, normalised and
 * projected. Of two that are as alike the earlier one is taken first.
 */
export async function ricesDemos(options: RicesOptions): Promise<Asked[]> {
  const { asked, train, count } = options;
  const features = await featuresOf(train, options);
  const queries = await featuresOf(
    asked.map(({ record }) => record),
    options,
  );
  return asked.map(({ record }, i) => ({
    record,
    demos: mostAlike(queries[i], features, count).map((j) => train[j]),
  }));
}

/** The indices of the `count` features with the largest dot products, the largest last. */
export function mostAlike(query: Float32Array, features: readonly Float32Array[], count: number): number[] {
  const alike = features.map((feature) => feature.reduce((sum, value, k) => sum + value * query[k], 0));
  const order = alike.map((_, j) => j).sort((a, b) => alike[b] - alike[a] || a - b);
  return order.slice(0, count).reverse();
}

/** Unit vectors, kept on disk by what they are of and by the tower that made them. */
async function featuresOf(records: readonly EvalRecord[], options: RicesOptions): Promise<Float32Array[]> {
  const { model, folder, cache } = options;
  const tower = await digestOfTower(model);
  const pictures = [];
  for (const { pictures: own } of records) pictures.push(digestOf(await pictureBytes(folder, own[0])));
  const path = join(cache, `rices-${digestOf(tower, options.orientation, ...pictures)}.f32`);
  const width = model.config.visual.embed_dim;
  if (existsSync(path)) {
    const bytes = await readFile(path);
    const flat = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    if (flat.length === records.length * width) return records.map((_, i) => flat.subarray(i * width, (i + 1) * width));
  }
  const features: Float32Array[] = [];
  for (const record of records) features.push(await featureOf(record, options));
  await writeWhole(path, async (sink) => {
    for (const feature of features)
      await sink.write(new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength));
  });
  return features;
}

async function featureOf(
  { pictures }: EvalRecord,
  { model, processor, folder, orientation }: RicesOptions,
): Promise<Float32Array> {
  const { path: name } = pictures[0];
  const image = await readPicture(await pictureBytes(folder, pictures[0]), { name, orientation });
  const { pixelValues } = stackPictures([[image]], processor.preprocessing);
  const tower = model.model.vision_encoder as EVAVisionTransformer;
  const size = processor.imageSize;
  const feature = (await compute(() => {
    const pixels = fromData(pixelValues, [1, 3, size, size], "f32", model.backend);
    return tower.classFeatures(tower.call(pixels));
  })) as Float32Array;
  const norm = Math.hypot(...feature);
  return feature.map((value) => value / norm);
}

/** Of all its weights: an altered tower sees other things alike. */
async function digestOfTower(model: InfiMM): Promise<string> {
  const parts: Uint8Array[] = [];
  for (const [, weight] of model.model.vision_encoder.parameters()) {
    const { buffer, byteOffset, byteLength } = await weight.data();
    parts.push(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
  }
  return digestOf(...parts);
}
