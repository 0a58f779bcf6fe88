import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import type { Processor } from "../processor/processor.ts";
import { type Document, isLeftOut, isText, type LeftOut, type Picture, type Records } from "./documents.ts";
import { IGNORED } from "./labels.ts";
import { LeftOutCount } from "./leftOut.ts";
import { epochOrder } from "./order.ts";
import { pictureFault } from "./prepare.ts";
import { SAMPLE_NAMES, type SampleOptions, sampleOf } from "./sample.ts";

/** Of numbers: the least, the middle one, the one that 95 % are not above, the largest, and their sum. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
  readonly sum: number;
}

/** What inspectRecords found in a source; spreads are over the records that were looked at. */
export interface Inspection {
  readonly source: string;
  readonly records: number;
  /** Records looked at, and those of them that give nothing. */
  readonly leftOut: LeftOutCount;
  readonly layouts: Readonly<Record<string, number>>;
  readonly pictures: Spread;
  readonly words: Spread;
  /** In tokens, and those that bear loss, if a processor was given. */
  readonly tokens?: Spread;
  readonly counted?: Spread;
  /** The first good documents. */
  readonly shown: readonly Document[];
}

/** Options of inspectRecords. */
export interface InspectOptions extends SampleOptions {
  /** How many records are looked at, drawn from all. Default 1,000. */
  readonly count?: number;
  /** With one, documents are laid out and tokenised, too. */
  readonly processor?: Processor;
  /** How many documents `shown` has. Default 24. */
  readonly shown?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

const INSPECT_NAMES = [...SAMPLE_NAMES, "count", "processor", "shown", "onProgress"];

/** Reads records in a drawn order, decodes every picture, and counts. Nothing is too bad to be counted. */
export async function inspectRecords(records: Records, options: InspectOptions = {}): Promise<Inspection> {
  const { count = 1000, shown = 24, onProgress } = checked("inspectRecords", options, INSPECT_NAMES);
  if (records.length === 0) throw new InfimmError(`${records.source} has no records`);
  const total = Math.min(count, records.length);
  const order = epochOrder(records.length, 0, 0);
  const leftOut = new LeftOutCount(records.source, { maxBad: 1 });
  const good: Measured[] = [];
  const documents: Document[] = [];
  for (let i = 0; i < total; i++) {
    const document = await records.at(order(i));
    const found = isLeftOut(document) ? document : await measured(document, options);
    leftOut.count(isLeftOut(found) ? found : undefined);
    if (!isLeftOut(found)) {
      good.push(found);
      if (documents.length < shown) documents.push(document as Document);
    }
    onProgress?.(i + 1, total);
  }
  const of = (name: "pictures" | "words" | "tokens" | "counted") => spread(good.map((one) => one[name]));
  const tokens = options.processor && { tokens: of("tokens"), counted: of("counted") };
  const { source, length } = records;
  const layouts = countsOf(good.map(({ layout }) => layout));
  return { source, records: length, leftOut, layouts, pictures: of("pictures"), words: of("words"), ...tokens, shown: documents }; // biome-ignore format: one line
}

interface Measured {
  readonly layout: string;
  readonly pictures: number;
  readonly words: number;
  readonly tokens: number;
  readonly counted: number;
}

async function measured(
  document: Document,
  { processor, count, shown, onProgress, ...ofSample }: InspectOptions,
): Promise<Measured | LeftOut> {
  const sample = processor && sampleOf(document, processor, ofSample);
  if (sample && isLeftOut(sample)) return sample;
  const pictures = document.parts.filter((part): part is Picture => !isText(part));
  for (const picture of pictures) {
    const fault = await decodingFault(picture);
    if (fault) return { ...fault, detail: `${document.source} ${document.id}: ${fault.detail}` };
  }
  const words = document.parts.filter(isText).reduce((sum, { text }) => sum + (text.match(/\S+/g)?.length ?? 0), 0);
  const counted = sample?.labels.filter((label) => label !== IGNORED).length ?? 0;
  return { layout: document.layout, pictures: pictures.length, words, tokens: sample?.inputIds.length ?? 0, counted };
}

async function decodingFault(picture: Picture): Promise<LeftOut | undefined> {
  if ("pixels" in picture) return undefined;
  try {
    await readPicture("bytes" in picture ? picture.bytes : picture.path);
    return undefined;
  } catch (error) {
    return pictureFault(error);
  }
}

function spread(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1), sum: numbers.reduce((sum, n) => sum + n, 0) };
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The report as text: what was left out and why, with examples, and lengths. */
export function inspectionText(found: Inspection): string {
  const { source, records, leftOut, layouts, pictures, words, tokens, counted } = found;
  const number = (n: number) => n.toLocaleString("en-US");
  const drawn = leftOut.seen < records ? `${number(leftOut.seen)} of them looked at, drawn from all` : "all looked at";
  const kinds = Object.entries(layouts).map(([layout, count]) => `${number(count)} ${layout}`);
  const rows = Object.entries({ pictures, words, tokens, counted }).filter(([, of]) => of !== undefined);
  const table = rows.map(([name, of]) => {
    const columns = [of!.min, of!.median, of!.p95, of!.max, of!.sum].map((n) => number(n).padStart(11));
    return name.padEnd(10) + columns.join("");
  });
  return [
    `${source}: ${number(records)} records, ${drawn}`,
    leftOut.summary(),
    ...leftOut.examples().map((line) => `  ${line}`),
    `documents: ${kinds.join(", ") || "none"}`,
    " ".repeat(10) + ["min", "median", "95 %", "max", "sum"].map((name) => name.padStart(11)).join(""),
    ...table,
  ].join("\n");
}
