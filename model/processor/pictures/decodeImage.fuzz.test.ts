import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileFormatError } from "../../../core/errors.ts";
import { fuzzRuns } from "../../../core/fuzzRuns.fixture.ts";
import { damaged } from "./damage.fixture.ts";
import { decodeImage, formatOf } from "./decodeImage.ts";
import { readJpegHeader, requireWhole } from "./formats/jpegHeader.ts";
import { decodeNearly } from "./formats/jpegPixels.ts";
import type { PictureFormat } from "./formats/opened.ts";
import { png } from "./formats/png.ts";
import { makePng, type PngSpec, withChecksums } from "./png.fixture.ts";

/** Small pictures of every kind (golden/export/export_pictures.py). */
const folder = new URL("../../../golden/fixtures/pictures/", import.meta.url);
const filesOf = (ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => Uint8Array.from(readFileSync(new URL(name, folder))));

const MAX_PIXELS = 1e6;
const MOST_MEMORY = 600e6; // a decoder at its worst takes about 100 bytes a pixel of these; the rest is Node's own slack

const tally: Record<string, { refused: number; decoded: number; slowest: number }> = {};
const peak = () => process.resourceUsage().maxRSS * 1024;
let before = 0;
beforeAll(() => {
  before = peak();
});
afterAll(() => {
  if (process.env.FUZZ) console.log(tally, `peak of memory: +${Math.round((peak() - before) / 1e6)} MB`);
  expect(peak() - before).toBeLessThan(MOST_MEMORY);
});

/** A picture of the size that the header says, or a refusal that names the file; nothing else. */
async function decodeOrRefuse(kind: string, bytes: Uint8Array, format?: PictureFormat): Promise<void> {
  tally[kind] ??= { refused: 0, decoded: 0, slowest: 0 };
  const count = tally[kind];
  const began = performance.now();
  try {
    const image = await decodeImage(bytes, { name: "some file", maxPixels: MAX_PIXELS });
    count.decoded++;
    const header = format?.open(bytes) ?? image;
    expect([image.width, image.height]).toEqual([header.width, header.height]);
    expect(image.width * image.height).toBeLessThanOrEqual(MAX_PIXELS);
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    expect(error.message).toMatch(/^some file: ./);
    count.refused++;
  }
  count.slowest = Math.max(count.slowest, performance.now() - began);
}

const numRuns = fuzzRuns(300);

test("PNG", async () => {
  const property = async (bytes: Uint8Array) => decodeOrRefuse("PNG", bytes, await formatOf(bytes));
  await fc.assert(fc.asyncProperty(damaged(filesOf(".png")), property), { numRuns });
}, 3_600_000);

test("PNG with its checksums made right again", async () => {
  const property = (bytes: Uint8Array) => decodeOrRefuse("PNG, checksums right", withChecksums(bytes));
  await fc.assert(fc.asyncProperty(damaged(filesOf(".png")), property), { numRuns });
}, 3_600_000);

test("sound PNG whose header and data do not agree", async () => {
  const spec = fc.record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    depth: fc.constantFrom(1, 2, 4, 8, 16),
    colorType: fc.constantFrom<PngSpec["colorType"]>(0, 2, 3, 4, 6),
    interlace: fc.constantFrom<0 | 1>(0, 1),
    rows: fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.constant(new Uint8Array(20 * 20 * 8))),
    extra: fc.constantFrom<Record<string, Uint8Array>>({}, { PLTE: Uint8Array.of(1, 2, 3) }),
  });
  const property = (parts: PngSpec) => decodeOrRefuse("PNG, made up", makePng(parts), png);
  await fc.assert(fc.asyncProperty(spec, property), { numRuns });
}, 3_600_000);

test("JPEG", async () => {
  const property = async (bytes: Uint8Array) => decodeOrRefuse("JPEG", bytes, await formatOf(bytes));
  await fc.assert(fc.asyncProperty(damaged(filesOf(".jpg")), property), { numRuns });
}, 3_600_000);

/** What `decodeImage` does where `@jsquash/jpeg` is not installed: any error of it becomes a refusal. */
test("JPEG by jpeg-js", () => {
  tally["jpeg-js"] = { refused: 0, decoded: 0, slowest: 0 };
  const count = tally["jpeg-js"];
  const property = (bytes: Uint8Array) => {
    const began = performance.now();
    try {
      const header = readJpegHeader(bytes);
      if (header.width * header.height > MAX_PIXELS) return;
      requireWhole(bytes, header);
      const image = decodeNearly(bytes, header);
      expect([image.width, image.height]).toEqual([header.width, header.height]);
      count.decoded++;
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).name).not.toBe("AssertionError");
      count.refused++;
    }
    count.slowest = Math.max(count.slowest, performance.now() - began);
  };
  fc.assert(fc.property(damaged(filesOf(".jpg")), property), { numRuns });
}, 3_600_000);

test("WebP", async () => {
  const property = async (bytes: Uint8Array) => decodeOrRefuse("WebP", bytes, await formatOf(bytes));
  await fc.assert(fc.asyncProperty(damaged(filesOf(".webp")), property), { numRuns });
}, 3_600_000);

test("any bytes, and any bytes after each format's mark", async () => {
  const marks = [[], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], [0xff, 0xd8], [...Buffer.from("RIFF....WEBP")]];
  const bytes = fc.tuple(fc.constantFrom(...marks), fc.uint8Array({ maxLength: 300 }));
  const property = ([mark, rest]: [number[], Uint8Array]) => decodeOrRefuse("noise", Uint8Array.of(...mark, ...rest));
  await fc.assert(fc.asyncProperty(bytes, property), { numRuns });
}, 3_600_000);
