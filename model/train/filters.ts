import { fnv1a, mulberry32 } from "../../core/random.ts";
import { InfimmError } from "../../core/errors.ts";
import { formatOf } from "../processor/pictures/decodeImage.ts";
import { type Document, isLeftOut, isText, type LeftOut, type Picture, type Records } from "./documents.ts";

/**
 * What a document must be like. All are off by default: published sets are filtered already. OBELICS was with sides of
 * 150 to 20,000 pixels, an aspect of 2, 1 to 30 pictures, and 10 to 2,000 words a document.
 */
export interface Filters {
  /** The share of documents with a single picture that is kept, drawn by source and id. OpenFlamingo: 0.5 */
  readonly keepSingle?: number;
  /** Pictures whose shorter side has fewer pixels are dropped. */
  readonly minSide?: number;
  /** Pictures whose longer side has more pixels are dropped. */
  readonly maxSide?: number;
  /** Pictures whose longer side is more than so many times the shorter are dropped. */
  readonly maxAspect?: number;
  /** Documents with fewer pictures are left out, and with more. */
  readonly minPictures?: number;
  readonly maxPictures?: number;
  /** Documents with fewer words are left out, and with more. */
  readonly minWords?: number;
  readonly maxWords?: number;
}

export const FILTER_NAMES = Object.keys({
  keepSingle: true,
  minSide: true,
  maxSide: true,
  maxAspect: true,
  minPictures: true,
  maxPictures: true,
  minWords: true,
  maxWords: true,
} satisfies Record<keyof Filters, true>) as (keyof Filters)[];

/** The same records, of which those that do not pass are left out, by reason. */
export function filtered(records: Records, filters: Filters, seed: number | string = 0): Records {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const wrong = given.find(([, value]) => !(value >= 0));
  if (wrong) throw new InfimmError(`filters: ${wrong[0]} must be a number, 0 or more, got ${wrong[1]}`);
  if (given.length === 0) return records;
  return {
    source: records.source,
    length: records.length,
    close: async () => records.close?.(),
    at: async (index) => {
      const document = await records.at(index);
      return isLeftOut(document) ? document : passed(document, filters, seed);
    },
  };
}

async function passed(document: Document, filters: Filters, seed: number | string): Promise<Document | LeftOut> {
  const parts: Document["parts"][number][] = [];
  let dropped: string | undefined;
  for (const part of document.parts) {
    const why = isText(part) ? undefined : await pictureFault(part, filters);
    if (why === undefined) parts.push(part);
    else dropped = why;
  }
  const { id, source } = document;
  const pictures = parts.filter((part) => !isText(part)).length;
  const why = documentFault({ ...document, parts }, pictures, filters) ?? (pictures === 0 ? dropped : undefined);
  const isSingle = pictures === 1 && filters.keepSingle !== undefined;
  const isDrawn = !isSingle || mulberry32(fnv1a(`single ${seed} ${source} ${id}`), 0) / 2 ** 32 < filters.keepSingle!;
  if (why === undefined && isDrawn) return { ...document, parts };
  return { leftOut: why ?? "single picture, not drawn", detail: `${source} ${id}` };
}

function documentFault({ parts }: Document, pictures: number, filters: Filters): string | undefined {
  const { minPictures = 0, maxPictures = Infinity, minWords = 0, maxWords = Infinity } = filters;
  const words = parts.filter(isText).reduce((sum, { text }) => sum + (text.match(/\S+/g)?.length ?? 0), 0);
  if (pictures < minPictures) return `fewer than ${minPictures} pictures`;
  if (pictures > maxPictures) return `more than ${maxPictures} pictures`;
  if (words < minWords) return `fewer than ${minWords} words`;
  if (words > maxWords) return `more than ${maxWords} words`;
  return undefined;
}

/** A picture whose size cannot be told passes here, and is left out where it cannot be decoded. */
async function pictureFault(picture: Picture, filters: Filters): Promise<string | undefined> {
  const { minSide = 0, maxSide = Infinity, maxAspect = Infinity } = filters;
  if (minSide === 0 && maxSide === Infinity && maxAspect === Infinity) return undefined;
  const size = await sizeOf(picture);
  if (!size) return undefined;
  const [short, long] = [Math.min(size.width, size.height), Math.max(size.width, size.height)];
  if (short < minSide) return `pictures under ${minSide} pixels`;
  if (long > maxSide) return `pictures over ${maxSide} pixels`;
  if (long > maxAspect * short) return `pictures of an aspect over ${maxAspect}`;
  return undefined;
}

/** As the record says, or the file's header. */
async function sizeOf(picture: Picture): Promise<{ width: number; height: number } | undefined> {
  const { width, height } = "pixels" in picture ? picture.pixels : picture;
  if (width !== undefined && height !== undefined) return { width, height };
  if ("pixels" in picture) return undefined;
  try {
    const bytes = "bytes" in picture ? picture.bytes : await bytesAt(picture.path);
    return (await formatOf(bytes))?.open(bytes);
  } catch (error) {
    if (error instanceof InfimmError) return undefined;
    throw error;
  }
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return (await import("../files/readFile.ts")).readBytes(path, "picture");
}
