import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { readBytes } from "../../files/readFile.ts";
import type { Document, LeftOut, Picture, Records } from "../documents.ts";
import { Fields, parsedJson } from "./fields.ts";
import { type SampleFiles, TarShards, tarRecords } from "./shards.ts";
import { groupMembers } from "./tar.ts";

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

/** A folder of pictures, the caption of `cat.jpg` in `cat.txt`. */
export async function folderRecords(
  folder: string,
  { source = "folder", limits = {} }: PairOptions = {},
): Promise<Records> {
  const names = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll("\\", "/")).sort();
  const groups = groupMembers(names.map((name) => [name, name] as const));
  if (groups.length === 0)
    throw new InfimmError(`${folder}: the folder has no pictures with captions, such as cat.jpg and cat.txt`);
  return {
    source,
    length: groups.length,
    at: async (index) => {
      const { key, files } = groups[index];
      const bytes = (ending: string) => readBytes(join(folder, files[ending]), "file");
      return pairOf({ key, shard: folder, endings: Object.keys(files), bytes }, source, limits);
    },
  };
}

type Limits = NonNullable<PairOptions["limits"]>;

async function pairOf(sample: SampleFiles, source: string, limits: Limits): Promise<Document | LeftOut> {
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
  return parsedJson(await sample.bytes("json"), where, (value): { width?: number; height?: number } | LeftOut => {
    const fields = new Fields(value, where);
    for (const [column, { min = -Infinity, max = Infinity }] of Object.entries(limits)) {
      const found = fields.number(column);
      if (found < min || found > max) return { leftOut: `${column} beyond its limit`, detail: `${where}: ${found}` };
    }
    return { width: fields.optionalNumber("width"), height: fields.optionalNumber("height") };
  });
}
