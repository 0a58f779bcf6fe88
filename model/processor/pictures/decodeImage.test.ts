import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { decodeImage } from "./decodeImage.ts";
import { makePng, type PngSpec, synthetic } from "./png.fixture.ts";

const rgbPng = () => makePng({ width: 9, height: 7, depth: 8, colorType: 2, rows: synthetic(9, 7, 3) });

function jpeg(width: number, height: number): Uint8Array {
  const data = Buffer.from(synthetic(width, height, 4));
  return new Uint8Array(encode({ width, height, data }, 90).data);
}

/** An APP1 block with nothing but an EXIF orientation, to go after a JPEG's first two bytes. */
function withOrientation(file: Uint8Array, orientation: number): Uint8Array {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return Uint8Array.of(...file.subarray(0, 2), 0xff, 0xe1, 0, body.length + 2, ...body, ...file.subarray(2));
}

describe("PNG", () => {
  it("keeps RGB and RGBA bytes", async () => {
    expect(await decodeImage(rgbPng())).toEqual({ width: 9, height: 7, mode: "RGB", data: synthetic(9, 7, 3) });
    const rows = synthetic(5, 4, 4);
    const rgba = await decodeImage(makePng({ width: 5, height: 4, depth: 8, colorType: 6, rows }));
    expect(rgba).toEqual({ width: 5, height: 4, mode: "RGBA", data: rows });
  });

  // [what it is, the file, the mode, the pixels]
  const small: [string, Omit<PngSpec, "width" | "height">, string, number[]][] = [
    ["1-bit grey", { depth: 1, colorType: 0, rows: Uint8Array.of(0b10000000, 0b01000000) }, "1", [255, 0, 0, 255]],
    ["2-bit grey", { depth: 2, colorType: 0, rows: Uint8Array.of(0b00010000, 0b10110000) }, "L", [0, 85, 170, 255]],
    ["grey and alpha", { depth: 8, colorType: 4, rows: synthetic(2, 2, 2) }, "LA", [...synthetic(2, 2, 2)]],
    [
      "16-bit grey: the high byte",
      { depth: 16, colorType: 0, rows: Uint8Array.of(1, 255, 2, 0, 3, 128, 4, 127) },
      "L",
      [1, 2, 3, 4],
    ],
    [
      "grey with a transparent value: it stays visible",
      { depth: 8, colorType: 0, rows: Uint8Array.of(9, 8, 7, 6), extra: { tRNS: Uint8Array.of(0, 8) } },
      "L",
      [9, 8, 7, 6],
    ],
    [
      "palette with transparency: the colours",
      {
        depth: 4,
        colorType: 3,
        rows: Uint8Array.of(0x01, 0x10),
        extra: { PLTE: Uint8Array.of(10, 20, 30, 40, 50, 60), tRNS: Uint8Array.of(0) },
      },
      "P",
      [10, 20, 30, 40, 50, 60, 40, 50, 60, 10, 20, 30],
    ],
  ];
  it.each(small)("%s", async (_, spec, mode, pixels) => {
    const image = await decodeImage(makePng({ width: 2, height: 2, ...spec }));
    expect(image.mode).toBe(mode);
    expect([...image.data]).toEqual(pixels);
  });

  it("reads a file with other bytes behind it", async () => {
    expect((await decodeImage(Uint8Array.of(...rgbPng(), 1, 2, 3))).data).toEqual(synthetic(9, 7, 3));
  });

  it("reads all that are whole but for their end mark, as Pillow does", async () => {
    expect((await decodeImage(rgbPng().subarray(0, -12))).data).toEqual(synthetic(9, 7, 3));
  });

  it("reads what is whole but for a note after the pixels, as Pillow does", async () => {
    const whole = rgbPng();
    const note = Uint8Array.of(0, 0, 0, 9, ...new TextEncoder().encode("tEXt"), 97, 0, 98, 99, 100);
    expect((await decodeImage(Uint8Array.of(...whole.subarray(0, -12), ...note))).data).toEqual(synthetic(9, 7, 3));
    const cut = Uint8Array.of(...whole.subarray(0, 33), ...note);
    await expect(decodeImage(cut)).rejects.toThrow(/cut off, in the middle of its tEXt chunk/);
  });

  it("inflates no more than the header announces", async () => {
    const spec = { width: 1, height: 1, depth: 8, colorType: 0, interlace: 1 } as const;
    const bomb = makePng({ ...spec, rows: Uint8Array.from({ length: 50_000_000 }, (_, i) => (i === 1 ? 200 : 0)) });
    const before = process.memoryUsage().arrayBuffers;
    expect([...(await decodeImage(bomb)).data]).toEqual([200]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5e6);
  });
});

describe("JPEG", () => {
  it("comes out as RGB, near the original", async () => {
    const flat = { width: 16, height: 8, data: Buffer.alloc(16 * 8 * 4, 100) };
    const image = await decodeImage(new Uint8Array(encode(flat, 95).data));
    expect(image).toMatchObject({ width: 16, height: 8, mode: "RGB" });
    expect(Math.max(...image.data.map((v) => Math.abs(v - 100)))).toBeLessThanOrEqual(1);
  });

  it("is turned upright only when asked", async () => {
    const file = withOrientation(jpeg(16, 8), 6);
    expect(await decodeImage(file)).toMatchObject({ width: 16, height: 8 });
    expect(await decodeImage(file, { orientation: "apply" })).toMatchObject({ width: 8, height: 16 });
  });
});
