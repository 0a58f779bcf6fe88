import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Processor } from "../processor/processor.ts";
import { assign } from "./assign.ts";
import { type Document, isLeftOut, isText, type LeftOut } from "./documents.ts";
import { IGNORED } from "./labels.ts";
import { mmc4Document } from "./readers/mmc4.ts";
import { type Sample, type SampleOptions, sampleOf } from "./sample.ts";

interface Row {
  ids: number[];
  labels: number[];
}
interface Case {
  captions: (Row & { caption: string })[];
  documents: (Partial<Row> & {
    sentences: string[];
    sizes: (number | null)[];
    similarity: number[][];
    threshold: number;
    max_length: number;
    pictures?: number[];
    refused?: string;
  })[];
}

/** What OpenFlamingo's preprocessing and training loop make of made records: golden/export/export_samples.py. */
const golden: { max_pictures: number; pad_is_end: Case; pad_apart: Case } = JSON.parse(
  readFileSync("golden/fixtures/samples/openFlamingo.json", "utf8"),
);
const maxPictures = golden.max_pictures;
const processor = await Processor.fromPretrained("model/infimm-tiny");

const documentOf = (one: Case["documents"][number], emulate?: "open_flamingo"): Document | LeftOut => {
  const pictures = one.sizes.map((bytes, i) => (bytes === null ? undefined : { picture: { path: String(i) }, bytes }));
  const { sentences, similarity, threshold: minSimilarity } = one;
  return mmc4Document({ id: "", sentences, pictures, similarity }, "mmc4", { minSimilarity, emulate, maxPictures });
};
const sampled = (one: Case["documents"][number], options: SampleOptions): Sample | LeftOut => {
  const document = documentOf(one, options.emulate);
  return isLeftOut(document)
    ? document
    : sampleOf(document, processor, { maxLength: one.max_length, maxPictures, ...options });
};
const pair = (caption: string): Document => ({
  id: "",
  source: "pairs",
  layout: "pair",
  parts: [{ path: "0" }, { text: caption, learn: true }],
});
const pathsOf = ({ pictures }: Sample) => pictures.map((picture) => ("path" in picture ? Number(picture.path) : -1));
/** BOS is no target of any loss, whatever its label. */
const targets = (labels: readonly number[]) => [IGNORED, ...labels.slice(1)];

describe.each([
  ["with a padding token of its own", golden.pad_apart, {}],
  [
    "with </s> as padding, emulated: what ends an answer does not count",
    golden.pad_is_end,
    { emulate: "open_flamingo" },
  ],
] as const)("OpenFlamingo's samples, %s", (_, { captions, documents }, options: SampleOptions) => {
  test("captions: ids and labels", () => {
    const spelled = (caption: string) => /<\/s>|<image>/.test(caption); // without emulation these stay text
    for (const { caption, ids, labels } of captions.filter(({ caption }) => options.emulate || !spelled(caption))) {
      const sample = sampleOf(pair(caption), processor, { maxLength: 32, ...options }) as Sample;
      expect(sample.inputIds, caption).toEqual(ids);
      expect(sample.labels).toEqual(targets(labels));
    }
  });

  test("documents: ids, labels and pictures; their order only if emulated", () => {
    let exchanged = 0;
    for (const one of documents.filter(({ refused }) => refused === undefined)) {
      const sample = sampled(one, options) as Sample;
      expect(sample.inputIds).toEqual(one.ids);
      expect(sample.labels).toEqual(targets(one.labels!));
      const theirs = one.pictures!.slice(0, sample.pictures.length);
      if (options.emulate) expect(pathsOf(sample)).toEqual(theirs);
      else if (pathsOf(sample).join() !== theirs.join()) exchanged++;
      if (one.max_length === 256) expect(pathsOf(sample).sort()).toEqual(theirs.sort());
    }
    if (!options.emulate) expect(exchanged).toBeGreaterThan(10); // there sentences look at each other's pictures
  });

  test("without emulation each picture stands before the sentence that it is assigned to", () => {
    for (const one of documents.filter(({ refused }) => refused === undefined)) {
      const { parts } = documentOf(one) as Document;
      const rows = one.similarity.filter((_, i) => (one.sizes[i] ?? 0) >= 11_000);
      const numbers = one.similarity.map((_, i) => i).filter((i) => (one.sizes[i] ?? 0) >= 11_000);
      const sentenceOf = new Map(assign(rows).map(([i, sentence]) => [numbers[i], sentence]));
      let sentence = 0;
      for (const part of parts) {
        if (isText(part)) sentence++;
        else expect(sentenceOf.get("path" in part ? Number(part.path) : -1)).toBe(sentence);
      }
    }
  });

  test("what it refuses is left out", () => {
    for (const one of documents.filter(({ refused }) => refused !== undefined)) {
      expect(isLeftOut(sampled(one, options)), one.refused).toBe(true);
    }
  });
});
