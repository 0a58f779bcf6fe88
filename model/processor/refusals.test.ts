import { readFileSync } from "node:fs";
import { encode } from "jpeg-js";
import { expect, test } from "vitest";
import { FileFormatError } from "../../core/errors.ts";
import { type DecodeOptions, decodeImage } from "./pictures/decodeImage.ts";
import { chunk, webpFile } from "./pictures/formats/webpChunks.ts";
import { makePng, synthetic, withChecksums } from "./pictures/png.fixture.ts";

/** Every row of the table of refusals in docs/pictures.md. */
const fixture = (name: string) =>
  Uint8Array.from(readFileSync(new URL(`../../golden/fixtures/pictures/${name}`, import.meta.url)));

const rgb = (width = 9, height = 7) => makePng({ width, height, depth: 8, colorType: 2, rows: synthetic(9, 7, 3) });
const [jpeg, webp, animated] = [fixture("420.jpg"), fixture("lossy.webp"), fixture("animated.webp")];
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));

/** The file with some bytes replaced. */
function altered(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const out = Uint8Array.from(file);
  out.set(bytes, at);
  return out;
}

/** Where a JPEG's frame header says its height. */
const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0) + 5;

/** A JPEG whose only scan stands there many times. */
function withScans(count: number): Uint8Array {
  const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
  const body = jpeg.subarray(scan, -2);
  return Uint8Array.from(Buffer.concat([jpeg.subarray(0, scan), ...Array(count).fill(body), jpeg.subarray(-2)]));
}

const solidLossless = (width: number, height: number) => {
  const bits = Buffer.alloc(4);
  bits.writeUInt32LE((width - 1) | ((height - 1) << 14));
  return webpFile(chunk("VP8L", Uint8Array.of(0x2f, ...bits, 0, 0, 0, 0, 0, 0)));
};

const REFUSED: [string, Uint8Array, string, DecodeOptions?][] = [
  ["nothing", new Uint8Array(), "cat.png: it is empty; expected a PNG, JPEG or WebP picture"],
  ["text", bytesOf("hello world"), 'this is text: "hello world"'],
  ["a web page", bytesOf("<!DOCTYPE html><html>"), 'this is text: "<!DOCTYPE html>'],
  ["other bytes", Uint8Array.of(0, 97, 115, 109), "the file begins with 00 61 73 6d"],
  ["GIF", bytesOf("GIF89a\x01\0\x01\0"), "this is GIF, which is not supported; convert it to PNG"],
  ["AVIF", bytesOf("\0\0\0\x20ftypavif"), "this is AVIF"],
  ["HEIC", bytesOf("\0\0\0\x20ftypheic"), "this is HEIC"],
  ["TIFF", bytesOf("II*\0\0\0\0\0"), "this is TIFF"],
  ["BMP", bytesOf("BM\x46\0\0\0\0\0"), "this is BMP"],
  ["SVG", bytesOf('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), "this is SVG"],
  ["PDF", bytesOf("%PDF-1.7"), "this is PDF"],
  ["a PNG without a header", rgb().subarray(0, 12), "its header is damaged or cut off"],
  ["a PNG copied as text", bytesOf("\x89PNG\n\x1a\n\0\0\0\rIHDR"), "its signature is damaged"],
  ["a PNG cut off", rgb().subarray(0, -30), "it is cut off, in the middle of its IDAT chunk"],
  ["a PNG with a changed byte", altered(rgb(), 60, 1), "the checksum of its IDAT chunk is wrong"],
  ["a PNG of depth 3", withChecksums(altered(rgb(), 24, 3)), "PNG has no such kind of picture: depth 3"],
  [
    "a PNG without its palette",
    makePng({ width: 1, height: 1, depth: 8, colorType: 3, rows: Uint8Array.of(0) }),
    "its palette is missing",
  ],
  ["a PNG with too few rows", rgb(9, 70), "its size needs 1960 bytes of pixels"],
  ["a PNG of no pixels", withChecksums(altered(rgb(), 16, 0, 0, 0, 0)), "its header says 0 x 7 pixels"],
  [
    "a PNG of 60000 x 60000",
    withChecksums(altered(rgb(), 16, 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60)),
    "60000 x 60000 = 3600 million pixels is more than the limit of 50 million",
  ],
  [
    "a PNG of 7000 x 7000 without pixels for it",
    withChecksums(altered(rgb(), 16, 0, 0, 0x1b, 0x58, 0, 0, 0x1b, 0x58)),
    "its size needs 147007000 bytes of pixels",
  ],
  ["a picture over one's own budget", rgb(), "9 x 7 = 63 pixels is more than the limit of 62", { maxPixels: 62 }],
  ["a JPEG without a picture", Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), "begins like a JPEG, but holds no picture"],
  ["a JPEG cut off", jpeg.subarray(0, -2), "it is cut off: its end is missing"],
  ["a JPEG of 60000 x 60000", altered(jpeg, frame, 0xea, 0x60, 0xea, 0x60), "60000 x 60000 = 3600 million pixels"],
  [
    "a JPEG of 7000 x 7000 without pixels for it",
    altered(jpeg, frame, 0x1b, 0x58, 0x1b, 0x58),
    "bytes cannot hold 7000 x 7000 pixels",
  ],
  ["a JPEG of thousands of scans", withScans(5000), "it goes over its 61 x 43 pixels in 5000 scans"],
  ["a lossless JPEG", altered(jpeg, frame - 4, 0xc3), "this is a lossless JPEG"],
  ["an arithmetic-coded JPEG", altered(jpeg, frame - 4, 0xc9), "this is an arithmetic-coded JPEG"],
  ["a JPEG of 12 bits", altered(jpeg, frame - 1, 12), "a JPEG of 12 bits a sample is not supported"],
  ["a JPEG of 2 components", altered(jpeg, frame + 4, 2), "2 colour components"],
  ["a JPEG of sampling factor 0", altered(jpeg, frame + 6, 0x02), "sampling factors must be 1 to 4"],
  ["a WebP without a picture", webp.subarray(0, 16), "begins like a WebP, but its header is cut off"],
  ["a WebP cut off", webp.subarray(0, -1), "it is cut off: 351 of 352 bytes are there"],
  ["a WebP part longer than the file", altered(webp, 17, 9), "a part of it is longer than the file"],
  ["a WebP of 16000 x 16000", solidLossless(16000, 16000), "16000 x 16000 = 256 million pixels is more than the limit"],
  ["a WebP of 7000 x 7000 without pixels for it", solidLossless(7000, 7000), "it is cut off or damaged"],
  [
    "an animation whose frame is not as large as it says",
    altered(animated, 58, 30),
    "its header says 31 x 43 pixels, its picture 61 x 43",
  ],
  [
    "an animation whose frame is outside its canvas",
    altered(animated, 52, 9),
    "its first picture is larger than its canvas",
  ],
];

test.each(REFUSED)("%s", async (_, bytes, message, options) => {
  const refused = decodeImage(bytes, { name: "cat.png", ...options });
  await expect(refused).rejects.toThrow(FileFormatError);
  await expect(refused).rejects.toThrow(message);
});

test("docs/pictures.md lists them all", () => {
  const rows = REFUSED.map(([what, , said]) => `| ${what} | ${said.replace("cat.png: ", "")} |`);
  expect(readFileSync("docs/pictures.md", "utf8")).toContain(rows.join("\n"));
});

test("any beginning of a file, but for PNGs whose pixels are all there", async () => {
  const small = Uint8Array.from(encode({ width: 24, height: 17, data: Buffer.from(synthetic(24, 17, 4)) }, 90).data);
  for (const file of [rgb().subarray(0, -12), small, webp]) {
    for (let length = 0; length < file.length; length++) {
      await expect(decodeImage(file.subarray(0, length))).rejects.toThrow(FileFormatError);
    }
  }
});
