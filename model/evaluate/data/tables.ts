import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import type { DataPicture } from "../task.ts";
import { Entry, jsonEntries, jsonlEntries, tsvEntries } from "./entries.ts";

/** The rows of a table: .tsv with a header, .jsonl, .json with a list, or .parquet. */
export async function tableEntries(path: string, load = loadHyparquet): Promise<Entry[]> {
  const ending = /\.(\w+)$/.exec(path)?.[1].toLowerCase();
  if (ending === "tsv") return tsvEntries(path);
  if (ending === "jsonl") return jsonlEntries(path);
  if (ending === "json") return jsonEntries(path);
  if (ending === "parquet") return parquetEntries(path, load);
  throw new InfimmError(`${path}: expected a table that ends in .tsv, .jsonl, .json or .parquet`);
}

type Hyparquet = typeof import("hyparquet");

/** undefined if it is not installed. */
async function loadHyparquet(): Promise<Hyparquet | undefined> {
  try {
    return await import("hyparquet");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Numbers of 64 bits come as numbers, bytes as bytes. */
async function parquetEntries(path: string, load: typeof loadHyparquet): Promise<Entry[]> {
  const hyparquet = await load();
  if (!hyparquet) {
    throw new InfimmError(`${path}: reading Parquet takes a package: npm install hyparquet@1.31.5`);
  }
  const { asyncBufferFromFile, parquetReadObjects } = hyparquet;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), utf8: false });
  } catch (cause) {
    throw new FileFormatError(`${path}: cannot be read as Parquet: ${(cause as Error).message}`, { cause });
  }
  return rows.map((row, i) => {
    const cells = Object.entries(row).map(([name, cell]) => [name, typeof cell === "bigint" ? Number(cell) : cell]);
    return new Entry(Object.fromEntries(cells), `${path}, row ${i + 1}`, String(i));
  });
}

/** How pictures begin in base64: PNG, JPEG, WebP, GIF. A path hardly does. */
const BASE64_PICTURE = /^(iVBORw0KGgo|\/9j\/|UklGR|R0lGOD)/;

/**
 * A cell with a picture: base64 text, a path in the data folder, or what Parquet files of Hugging Face have, bytes and a
 * path. Empty cells have none.
 */
export function pictureInCell(cell: unknown): DataPicture | undefined {
  if (typeof cell === "string" && cell !== "") {
    return BASE64_PICTURE.test(cell) ? { bytes: Uint8Array.from(Buffer.from(cell, "base64")) } : { path: cell };
  }
  const { bytes, path } = (typeof cell === "object" && cell !== null ? cell : {}) as Record<string, unknown>;
  if (bytes instanceof Uint8Array) return { bytes };
  return typeof path === "string" ? { path } : undefined;
}

/**
 * The picture of a row: in its cell `image`, or in that of another row whose `index` it names.
 * @throws saying which row has none
 */
export function pictureOfRow(row: Entry, rows: ReadonlyMap<string, Entry>): DataPicture {
  const cell = row.value["image"];
  const named = typeof cell === "string" && /^\d+$/.test(cell) ? rows.get(cell)?.value["image"] : cell;
  const isNamedTwice = typeof named === "string" && /^\d+$/.test(named);
  const picture = isNamedTwice ? undefined : pictureInCell(named);
  if (picture) return picture;
  const other = named === cell ? "" : `, nor at row ${cell}`;
  const id = row.has("index") ? `index ${row.id("index")}: ` : "";
  throw new FileFormatError(`${row.where}: ${id}no picture in "image"${other}`);
}
