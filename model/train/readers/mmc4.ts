import { stat } from "node:fs/promises";
import { join } from "node:path";
import { assign } from "../assign.ts";
import type { Document, LeftOut, Part, Picture, Records } from "../documents.ts";
import { bad, Fields, parsedJson } from "./fields.ts";
import { TarShards, tarRecords } from "./shards.ts";
import { sliceRecords } from "./slices.ts";

/** A document of MMC4, its pictures already looked up: undefined where there is no file. */
export interface Mmc4Document {
  readonly id: string;
  readonly sentences: readonly string[];
  readonly pictures: readonly (Mmc4Picture | undefined)[];
  /** [pictures][sentences] */
  readonly similarity: readonly (readonly number[])[];
}

export interface Mmc4Picture {
  readonly picture: Picture;
  /** Size of the file. */
  readonly bytes: number;
}

export interface Mmc4Options {
  /** Pictures of fewer bytes are dropped. Default 11,000, which is OpenFlamingo's "more than 10 kB". */
  readonly minBytes?: number;
  /** Pictures less similar than that to the sentence they are given are dropped. Default 0.24. */
  readonly minSimilarity?: number;
  /**
   * Keep the pictures in their own order while their tokens stand in the order of sentences, as OpenFlamingo does: where
   * the two orders differ, sentences look at each other's pictures.
   */
  readonly emulate?: "open_flamingo";
  /** Of the assigned pictures the first are kept, in the record's order, as OpenFlamingo does. Default 6. */
  readonly maxPictures?: number;
}

/** Each picture goes before the sentence it is assigned to: one sentence a picture, with the largest similarity in all. */
export function mmc4Document(document: Mmc4Document, source: string, options: Mmc4Options = {}): Document | LeftOut {
  const { minBytes = 11_000, minSimilarity = 0.24, emulate, maxPictures = 6 } = options;
  const { id, sentences, similarity } = document;
  const wrong = (leftOut: string): LeftOut => ({ leftOut, detail: `${source} ${id}` });
  const found = document.pictures.flatMap((one, i) => (one ? [{ ...one, row: similarity[i] }] : []));
  if (found.length === 0) return wrong("no picture file");
  const large = found.filter(({ bytes }) => bytes >= minBytes);
  if (large.length === 0) return wrong(`pictures under ${minBytes.toLocaleString("en-US")} bytes`);
  const pairs = assign(large.map(({ row }) => row))
    .map(([i, sentence]) => ({ picture: large[i].picture, sentence, score: large[i].row[sentence] }))
    .filter(({ score }) => score >= minSimilarity);
  if (pairs.length === 0) return wrong("no picture like a sentence");
  const kept = pairs.slice(0, maxPictures);
  const inOrder = [...kept].sort((a, b) => a.sentence - b.sentence);
  const before = new Map(inOrder.map(({ sentence }, i) => [sentence, (emulate ? kept[i] : inOrder[i]).picture]));
  const parts = sentences.flatMap((text, i): Part[] => {
    const picture = before.get(i);
    const said = { text, learn: true };
    return picture ? [picture, said] : [said];
  });
  return { id, source, layout: "interleaved", parts };
}

/** A record of MMC4's files: its pictures by name, or with their bytes. */
export interface Mmc4Record {
  readonly id: string;
  readonly sentences: readonly string[];
  readonly images: readonly { readonly name: string; readonly bytes?: Uint8Array }[];
  readonly similarity: readonly (readonly number[])[];
}

/** `{text_list, image_info: [{image_name, image_base64?}], similarity_matrix}`; `image_base64` as OpenFlamingo adds it. */
export function mmc4Record(value: unknown, where: string, id = where): Mmc4Record {
  const fields = new Fields(value, where);
  const sentences = fields.texts("text_list");
  const images = fields.objects("image_info").map((image) => {
    const base64 = image.optionalText("image_base64");
    return { name: image.text("image_name"), bytes: base64 === undefined ? undefined : Buffer.from(base64, "base64") };
  });
  if (images.length === 0) bad("no picture", `${where}: image_info is empty`);
  const similarity = fields.list("similarity_matrix") as number[][];
  const isRow = (row: unknown) => Array.isArray(row) && row.length === sentences.length && row.every(Number.isFinite);
  if (similarity.length !== images.length || !similarity.every(isRow)) {
    const wanted = `${images.length} x ${sentences.length} numbers`;
    bad("similarity matrix does not fit", `${where}: expected ${wanted}`);
  }
  return { id, sentences, images, similarity };
}

/** MMC4 as JSON lines, its pictures by `image_name` below `images`. */
export async function mmc4Records(
  path: string,
  { images, source = "mmc4", ...options }: Mmc4Options & { images: string; source?: string },
): Promise<Records> {
  return sliceRecords(
    source,
    path,
    (value, where, index) => mmc4Record(value, where, String(index)),
    async (record) => mmc4Document(await onDisk(record, images), source, options),
  );
}

/** MMC4 in tar shards: a `<key>.json` a document, its pictures inside. */
export async function mmc4TarRecords(
  list: string,
  { source = "mmc4", ...options }: Mmc4Options & { source?: string } = {},
): Promise<Records> {
  return tarRecords(source, await TarShards.open(list), async ({ key, shard, endings, bytes }) => {
    const where = `${shard}, ${key}.json`;
    if (!endings.includes("json")) return { leftOut: "no json", detail: where };
    const record = parsedJson(await bytes("json"), where, (value) => mmc4Record(value, where, key));
    return "leftOut" in record ? record : mmc4Document(withBytes(record), source, options);
  });
}

function withBytes({ images, ...record }: Mmc4Record): Mmc4Document {
  const pictures = images.map(({ bytes }) => bytes && { picture: { bytes }, bytes: bytes.length });
  return { ...record, pictures };
}

async function onDisk({ images, ...record }: Mmc4Record, folder: string): Promise<Mmc4Document> {
  const pictures = await Promise.all(
    images.map(async ({ name, bytes }) => {
      if (bytes) return { picture: { bytes }, bytes: bytes.length };
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return found && { picture: { path }, bytes: found.size };
    }),
  );
  return { ...record, pictures };
}
