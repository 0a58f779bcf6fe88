import fc from "fast-check";
import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { FileFormatError } from "../../core/errors.ts";
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
  it("keeps RGB and RGBA bytes", () => {
    expect(decodeImage(rgbPng())).toEqual({ width: 9, height: 7, mode: "RGB", data: synthetic(9, 7, 3) });
    const rows = synthetic(5, 4, 4);
    const rgba = decodeImage(makePng({ width: 5, height: 4, depth: 8, colorType: 6, rows }));
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
  it.each(small)("%s", (_, spec, mode, pixels) => {
    const image = decodeImage(makePng({ width: 2, height: 2, ...spec }));
    expect(image.mode).toBe(mode);
    expect([...image.data]).toEqual(pixels);
  });

  it("reads a file with other bytes behind it", () => {
    expect(decodeImage(Uint8Array.of(...rgbPng(), 1, 2, 3)).data).toEqual(synthetic(9, 7, 3));
  });

  it("reads interlaced files, but not interlaced inflation bombs", () => {
    const spec = { width: 1, height: 1, depth: 8, colorType: 0, interlace: 1 } as const;
    expect([...decodeImage(makePng({ ...spec, rows: Uint8Array.of(0, 200) })).data]).toEqual([200]);
    const bomb = makePng({ ...spec, rows: new Uint8Array(50_000_000) });
    expect(() => decodeImage(bomb)).toThrow(FileFormatError);
  });
});

describe("JPEG", () => {
  it("comes out as RGB, near the original", () => {
    const flat = { width: 16, height: 8, data: Buffer.alloc(16 * 8 * 4, 100) };
    const image = decodeImage(new Uint8Array(encode(flat, 95).data));
    expect(image).toMatchObject({ width: 16, height: 8, mode: "RGB" });
    expect(Math.max(...image.data.map((v) => Math.abs(v - 100)))).toBeLessThanOrEqual(1);
  });

  it("is turned upright only when asked", () => {
    const file = withOrientation(jpeg(16, 8), 6);
    expect(decodeImage(file)).toMatchObject({ width: 16, height: 8 });
    expect(decodeImage(file, { orientation: "apply" })).toMatchObject({ width: 8, height: 16 });
  });
});

describe("what is refused", () => {
  const refusal = (bytes: Uint8Array, options = {}) => {
    try {
      decodeImage(bytes, { name: "cat.png", ...options });
    } catch (error) {
      expect(error).toBeInstanceOf(FileFormatError);
      return (error as Error).message;
    }
    throw new Error("nothing was thrown");
  };

  it("says what it found", () => {
    const webp = Buffer.from(
      "RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0",
      "latin1",
    );
    expect(refusal(new Uint8Array())).toMatch("cat.png: the file is empty");
    expect(refusal(webp)).toMatch("this is WEBP, which is not supported yet; convert it to PNG");
    expect(refusal(Buffer.from("hello world"))).toMatch('this is text: "hello world"');
    expect(refusal(Uint8Array.of(0, 97, 115, 109))).toMatch("the file begins with 00 61 73 6d");
    expect(refusal(rgbPng().subarray(0, 12))).toMatch("begins like a PNG, but its header is damaged");
    expect(refusal(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))).toMatch("begins like a JPEG");
  });

  it("reads the header before it spends memory", () => {
    const lie = makePng({ width: 60_000, height: 60_000, depth: 8, colorType: 2, rows: new Uint8Array(60_000) });
    expect(refusal(lie)).toMatch("60000 x 60000 = 3600.0 million pixels is more than the limit of 50 million");
    expect(refusal(rgbPng(), { maxPixels: 62 })).toMatch("maxPixels");
  });

  it("any beginning of a file", () => {
    for (const file of [rgbPng(), jpeg(24, 17)]) {
      for (let length = 0; length < file.length; length++) refusal(file.subarray(0, length));
    }
  });

  it("or decodes any damaged file, never anything else", () => {
    const files = [rgbPng(), jpeg(24, 17), withOrientation(jpeg(8, 8), 6)];
    const change = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 4 }), (file, changes) => {
        const damaged = Uint8Array.from(file);
        for (const [place, value] of changes) damaged[Math.floor(place * file.length)] = value;
        try {
          decodeImage(damaged, { maxPixels: 1e6 });
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("or decodes sound PNGs whose header and data do not agree", () => {
    const spec = fc.record({
      width: fc.integer({ min: 1, max: 20 }),
      height: fc.integer({ min: 1, max: 20 }),
      depth: fc.constantFrom(1, 2, 4, 8, 16),
      colorType: fc.constantFrom<PngSpec["colorType"]>(0, 2, 3, 4, 6),
      interlace: fc.constantFrom<0 | 1>(0, 1),
      rows: fc.uint8Array({ maxLength: 2000 }),
      extra: fc.constantFrom<Record<string, Uint8Array>>({}, { PLTE: Uint8Array.of(1, 2, 3) }),
    });
    fc.assert(
      fc.property(spec, (parts) => {
        try {
          decodeImage(makePng(parts));
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
