import type { Document, LeftOut, Picture, Records } from "../documents.ts";
import { bad, Fields, parsedJson } from "./fields.ts";
import { type SampleFiles, TarShards, tarRecords } from "./shards.ts";

/** Options of the reader of picture and text pairs. `source` is the name that records get. */
export interface PairOptions {
  readonly source?: string;
  /** Of columns of the sample's JSON: LAION's `punsafe` and `pwatermark`, say. Default: none is looked at. */
  readonly limits?: Readonly<Record<string, { readonly min?: number; readonly max?: number }>>;
}

export const PICTURE_ENDINGS = ["jpg", "jpeg", "png", "webp"];

/** Pictures and captions in tar shards, as img2dataset writes LAION, COYO and others: `jpg`, `txt`, `json` of one name. */
export async function pairRecords(list: string, { source = "pairs", limits = {} }: PairOptions = {}): Promise<Records> {
  return tarRecords(source, await TarShards.open(list), (sample) => pairOf(sample, source, limits));
}

export type Limits = NonNullable<PairOptions["limits"]>;

/** A sample with a picture, a caption and, if it has one, a JSON of columns. */
export async function pairOf(sample: SampleFiles, source: string, limits: Limits): Promise<Document | LeftOut> {
  const { key, shard, endings, bytes } = sample;
  const ending = endings.find((one) => PICTURE_ENDINGS.includes(one));
  const wrong = (leftOut: string): LeftOut => ({ leftOut, detail: `${shard}, ${key}: ${endings.join(", ")}` });
  if (ending === undefined) return wrong("no picture");
  if (!endings.includes("txt")) return wrong("no caption");
  const text = new TextDecoder().decode(await bytes("txt").catch(() => new Uint8Array()));
  if (text.trim() === "") return wrong("empty caption");
  const size = endings.includes("json") ? await columnsOf(sample, limits) : {};
  if ("leftOut" in size) return size;
  const picture: Picture = { bytes: await bytes(ending), ...size };
  return { id: key, source, layout: "pair", parts: [picture, { text, learn: true }] };
}

/** The picture's size, where the JSON tells it; or which limit the sample does not keep. */
async function columnsOf(sample: SampleFiles, limits: Limits): Promise<{ width?: number; height?: number } | LeftOut> {
  const where = `${sample.shard}, ${sample.key}.json`;
  return parsedJson(await sample.bytes("json"), where, (value): { width?: number; height?: number } => {
    const fields = new Fields(value, where);
    requireWithin(fields, limits);
    return { width: fields.optionalNumber("width"), height: fields.optionalNumber("height") };
  });
}

/** Gives up on a record with a column beyond its limit, or without it. */
export function requireWithin(fields: Fields, limits: Limits): void {
  for (const [column, { min = -Infinity, max = Infinity }] of Object.entries(limits)) {
    const found = fields.number(column);
    if (found < min || found > max) bad(`${column} beyond its limit`, `${fields.where}: ${found}`);
  }
}
