import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseSafetensors } from "../../checkpoint/safetensors/parseSafetensors.ts";
import { decodeImage } from "./decodeImage.ts";
import { crc32 } from "./formats/crc32.ts";
import { preprocess } from "./preprocess.ts";

interface Case {
  name: string;
  file: string;
  mode: string;
  image_size: number;
  pad_to_square: boolean;
  crc32: string;
}

interface JpegCase {
  name: string;
  file: string;
}

/** Files and what Pillow and PyTorch make of them, written by golden/export/export_preprocess.py. */
const folder = new URL("../../../golden/fixtures/preprocess/", import.meta.url);
const golden: { cases: Case[]; jpeg: JpegCase[] } = JSON.parse(
  readFileSync(new URL("preprocess.json", folder), "utf8"),
);
const bytes = Uint8Array.from(readFileSync(new URL("preprocess.safetensors", folder)));
const tensors = parseSafetensors(bytes.buffer, "preprocess.safetensors");
const decoded = (file: string) => decodeImage(readFileSync(new URL(file, folder)), { name: file });

describe("preprocessing equals Pillow's, bit for bit", () => {
  it.each(golden.cases.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const image = await decoded(one.file);
    expect(image.mode).toBe(one.mode);
    const { pixels, values } = preprocess(image, { size: one.image_size, padToSquare: one.pad_to_square });
    expect(crc32(pixels).toString(16).padStart(8, "0")).toBe(one.crc32);
    const stored = `${name}/pixel_values`; // some cases have their bytes only, as a CRC
    if (!tensors.tensors.has(stored)) return;
    const expected = (await tensors.read(stored)).data;
    expect(values.length).toBe(expected.length);
    expect(values.findIndex((value, i) => value !== expected[i])).toBe(-1);
  });
});

describe("JPEG decoding is near Pillow's", () => {
  // [file, largest and mean difference allowed]: subsampled colour is repeated, not interpolated, by jpeg-js
  it.each([
    ["scene-444.jpg", 3, 1],
    ["scene-420.jpg", 128, 3],
  ])("%s", async (file, most, mean) => {
    const { name } = golden.jpeg.find((one) => one.file === file) as JpegCase;
    const expected = (await tensors.read(name)).data;
    const differences = Array.from((await decoded(file)).data, (value, i) => Math.abs(value - expected[i]));
    expect(Math.max(...differences)).toBeLessThanOrEqual(most);
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(mean);
  });
});
