import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { convertToRgb } from "./convertToRgb.ts";
import { crc32 } from "./formats/crc32.ts";
import { readJpegHeader, requireWhole } from "./formats/jpegHeader.ts";
import { decodeExactly, decodeNearly } from "./formats/jpegPixels.ts";
import type { Image } from "./image.ts";

type Edit = [from: number, to: number, hex: string];
type Case = [name: string, source: string, edits: Edit[], crc32: string | null];

/** Damaged files, and what Pillow makes of each: golden/export/export_damaged.py. */
const { cases }: { cases: Case[] } = JSON.parse(readFileSync("golden/fixtures/damaged/damaged.json", "utf8"));
const sources = [...new Set(cases.map(([, source]) => source))];
const soundFile = (source: string) => new Uint8Array(readFileSync(`golden/fixtures/pictures/${source}`));

function damaged(source: string, edits: Edit[]): Uint8Array {
  const apply = (data: Uint8Array, [from, to, hex]: Edit): Uint8Array =>
    Buffer.concat([data.subarray(0, from), Buffer.from(hex, "hex"), data.subarray(to)]);
  return Uint8Array.from(edits.reduceRight(apply, soundFile(source)));
}

/** A header of 1,153 bytes that claims 52541 x 43 pixels, which Pillow fills with grey: refused here on purpose. */
const CLAIMS_TOO_MUCH = "420.jpg header-byte-8";

/** Where data are so damaged that libjpeg's versions differ: in how far they read ahead, and in what they smooth. */
const OTHER_PIXELS = new Set([
  ...["444.jpg more-5", "grey.jpg more-2", "grey.jpg three-bytes-1", "grey.jpg three-bytes-5"],
  ...["no-data-but-end", "header-byte-9"].map((name) => `progressive-420.jpg ${name}`),
  ...["start", "tables", "scan"].map((place) => `progressive-420.jpg interval-before-${place}`),
  ...["header-byte-2", "header-byte-3", "three-bytes-2"].map((name) => `restart-420.jpg ${name}`),
]);

const crcOf = (image: Image) => crc32(convertToRgb(image).data).toString(16).padStart(8, "0");

/** What a decoder makes of a file; undefined if it is refused, by us or by it. */
async function decodeBy<T>(bytes: Uint8Array, decode: (header: ReturnType<typeof readJpegHeader>) => T) {
  try {
    const header = readJpegHeader(bytes);
    requireWhole(bytes, header);
    return await decode(header);
  } catch {
    return undefined;
  }
}

describe.each(sources)("%s, damaged", (source) => {
  const own = cases.filter(([name, from]) => from === source && `${from} ${name}` !== CLAIMS_TOO_MUCH);

  it("is read or refused as by Pillow, to the same pixels, with @jsquash/jpeg", async () => {
    for (const [name, , edits, crc] of own) {
      const bytes = damaged(source, edits);
      const image = await decodeBy(bytes, (header) => decodeExactly(bytes, header));
      const isOther = OTHER_PIXELS.has(`${source} ${name}`);
      if (isOther) expect(image, name).toBeDefined();
      else expect(image ? crcOf(image) : null, name).toBe(crc);
    }
  });

  it("is read or refused as by Pillow with jpeg-js, and where nothing is lost, to the pixels of the sound file", async () => {
    const sound = soundFile(source);
    const header = readJpegHeader(sound);
    const nearCrc = crcOf(decodeNearly(sound, header));
    const soundCrc = crcOf((await decodeExactly(sound, header))!);
    for (const [name, , edits, crc] of own) {
      const bytes = damaged(source, edits);
      const image = await decodeBy(bytes, (found) => decodeNearly(bytes, found));
      expect(image !== undefined, name).toBe(crc !== null);
      if (crc === soundCrc) expect(crcOf(image!), name).toBe(nearCrc);
    }
  });
});
