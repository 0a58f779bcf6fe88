import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { decodeImage } from "./decodeImage.ts";
import { readJpegHeader } from "./formats/jpegHeader.ts";
import { decodeExactly, decodeNearly } from "./formats/jpegPixels.ts";

vi.mock("@jsquash/jpeg/codec/dec/mozjpeg_dec.js", () => {
  throw new Error("Cannot find package '@jsquash/jpeg'");
});

test("where @jsquash/jpeg is not installed, jpeg-js decodes", async () => {
  const file = readFileSync(new URL("../../../golden/fixtures/pictures/420.jpg", import.meta.url));
  expect(await decodeExactly(file, readJpegHeader(file))).toBe(undefined);
  expect(await decodeImage(file)).toEqual(decodeNearly(file, readJpegHeader(file)));
});
