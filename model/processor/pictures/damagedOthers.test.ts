import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { convertToRgb } from "./convertToRgb.ts";
import { decodeImage } from "./decodeImage.ts";
import { crc32 } from "./formats/crc32.ts";

type Edit = [from: number, to: number, hex: string];
type Case = [name: string, source: string, edits: Edit[], crc32: string | null];

/** Damaged PNG and WebP files, and what Pillow makes of each: golden/export/export_damaged_others.py. */
const { cases }: { cases: Case[] } = JSON.parse(readFileSync("golden/fixtures/damaged/others.json", "utf8"));
const sources = [...new Set(cases.map(([, source]) => source))];

function damaged(source: string, edits: Edit[]): Uint8Array {
  const apply = (data: Uint8Array, [from, to, hex]: Edit): Uint8Array =>
    Buffer.concat([data.subarray(0, from), Buffer.from(hex, "hex"), data.subarray(to)]);
  return Uint8Array.from(
    edits.reduceRight(apply, new Uint8Array(readFileSync(`golden/fixtures/pictures/${source}`)) as Uint8Array),
  );
}

const crcOf = async (bytes: Uint8Array) =>
  crc32(convertToRgb(await decodeImage(bytes)).data)
    .toString(16)
    .padStart(8, "0");

/** Why a file that Pillow reads is refused on purpose: its header is not first, or its pixels cannot be vouched for. */
const ON_PURPOSE = /its header is damaged|the checksum of its IDAT chunk is wrong|in the middle of its IDAT chunk|its palette is missing/; // biome-ignore format: one line

describe.each(sources)("%s, damaged", (source) => {
  it("gives Pillow's pixels wherever Pillow reads it, or says why not", async () => {
    const sound = await crcOf(damaged(source, []));
    for (const [name, , edits, crc] of cases.filter(([, from]) => from === source)) {
      const got = await crcOf(damaged(source, edits)).catch((error: Error) => error.message);
      if (crc !== null && source.endsWith(".png") && ON_PURPOSE.test(got)) continue;
      if (crc !== null) expect(got, name).toBe(crc);
      // what only we read is a sound PNG with something strange between its chunks
      else if (source.endsWith(".png") && /^[0-9a-f]{8}$/.test(got)) expect(got, name).toBe(sound);
    }
  });
});
