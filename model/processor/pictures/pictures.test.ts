import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { convertToRgb } from "./convertToRgb.ts";
import { decodeImage } from "./decodeImage.ts";
import { crc32 } from "./formats/crc32.ts";
import { readJpegHeader } from "./formats/jpegHeader.ts";
import { decodeExactly, decodeNearly } from "./formats/jpegPixels.ts";
import type { Image } from "./image.ts";
import { preprocess } from "./preprocess.ts";

interface Case {
  file: string;
  mode: string;
  size: [number, number];
  /** Of `Image.open(file).convert("RGB")`, and of the model input. */
  crc32: string;
  input_crc32: string;
  /** The same bytes in `pictures.rgb.deflate`: beginning, beginning of the model input, its end. For JPEG only. */
  bytes?: [number, number, number];
}

/** Files of every kind and what Pillow makes of them, written by golden/export/export_pictures.py. */
const folder = new URL("../../../golden/fixtures/pictures/", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(new URL("pictures.json", folder), "utf8"));
const stored = inflateSync(readFileSync(new URL("pictures.rgb.deflate", folder)));
const fileOf = (name: string) => readFileSync(new URL(name, folder));
const hex = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, "0");

const prepared = (image: Image) => preprocess(image, { size: 28 }).pixels;
const isCmyk = (one: Case) => one.mode === "CMYK";
const named = (list: Case[]) => list.map((one) => [one.file, one] as const);

describe("decoded and prepared as by Pillow, bit for bit", () => {
  it.each(named(cases.filter((one) => !isCmyk(one))))("%s", async (name, one) => {
    const image = await decodeImage(fileOf(name), { name });
    expect([image.mode, image.width, image.height]).toEqual([one.mode, ...one.size]);
    expect(hex(convertToRgb(image).data)).toBe(one.crc32);
    expect(hex(prepared(image))).toBe(one.input_crc32);
  });
});

/** Largest and mean difference of decoded RGB, and largest of the model input, in 255ths. */
function differences(image: Image, { bytes, size }: Case): { most: number; mean: number; input: number } {
  expect([image.width, image.height]).toEqual(size);
  const [start, middle, end] = bytes as [number, number, number];
  const rgb = convertToRgb(image).data.map((value, i) => Math.abs(value - stored[start + i]));
  const input = prepared(image).map((value, i) => Math.abs(value - stored[middle + i]));
  expect([rgb.length, input.length]).toEqual([middle - start, end - middle]);
  return { most: Math.max(...rgb), mean: rgb.reduce((a, b) => a + b, 0) / rgb.length, input: Math.max(...input) };
}

const jpegs = cases.filter((one) => one.bytes);

async function row(one: Case): Promise<string> {
  const bytes = fileOf(one.file);
  const header = readJpegHeader(bytes);
  const show = ({ most, mean, input }: ReturnType<typeof differences>) =>
    most === 0 ? "exact | exact" : `${most} / ${mean.toFixed(2)} | ${input}`;
  const exactly = isCmyk(one) ? undefined : await decodeExactly(bytes, header);
  const nearly = show(differences(decodeNearly(bytes, header), one));
  return `| ${one.file} | ${exactly ? show(differences(exactly, one)) : nearly} | ${nearly} |`;
}

/** If this fails after a change of a decoder, put the table that it prints into the page. */
it("docs/pictures.md says how far JPEGs are from Pillow's", async () => {
  const rows: string[] = [];
  for (const one of jpegs) rows.push(await row(one));
  expect(readFileSync("docs/pictures.md", "utf8")).toContain(rows.join("\n"));
});
