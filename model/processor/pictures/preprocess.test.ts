import { describe, expect, it } from "vitest";
import { crc32 } from "./formats/crc32.ts";
import { CHANNELS, type Image, type ImageMode, makeImage } from "./image.ts";
import { synthetic } from "./png.fixture.ts";
import { preprocess, shorterSideTo } from "./preprocess.ts";

const picture = (width: number, height: number, mode: ImageMode): Image =>
  makeImage(width, height, mode, synthetic(width, height, CHANNELS[mode]));

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** A 61 x 43 palette picture as a decoder gives it: indices looked up in the palette (17i + 31c) mod 256. */
function palettePicture(): Image {
  const indices = synthetic(61, 43, 1);
  const data = Uint8Array.from({ length: indices.length * 3 }, (_, i) => {
    return (17 * indices[Math.trunc(i / 3)] + 31 * (i % 3)) % 256;
  });
  return makeImage(61, 43, "P", data);
}

describe("preprocess", () => {
  // Pillow 12.3 and torchvision 0.28: size, mode, target, CRC-32 and sum of the bytes, first values and sum of the result
  it.each([
    [61, 43, "RGB", 28, "772cdbfe", 300397, [-0.47840413, -0.27402619, -0.069648221, 0.13472985], 448.36404],
    [43, 61, "RGB", 28, "f9d409da", 300713, [0.33910778, 0.63107628, 1.0106354, 1.2296118], 453.70736],
    [20, 15, "RGB", 28, "d9e19343", 311873, [-1.6170814, -1.5732862, -1.5148925, -1.4710971], 620.72222],
    [61, 43, "L", 28, "d971b4e4", 298464, [-0.47840413, -0.27402619, -0.069648221, 0.13472985], 420.91682],
    [61, 43, "RGBA", 28, "85d8a92f", 289874, [-0.42001042, -0.15723877, -0.36161673, -0.31782144], 292.84406],
    [640, 427, "RGB", 336, "20e9b34e", 43184578, [0.95224166, 1.2442101, -0.36161673, -1.5878845], 63620.396],
  ] as const)("%i x %i %s -> %i", (width, height, mode, size, crc, bytes, first, total) => {
    const { pixels, values } = preprocess(picture(width, height, mode), { size });
    expect(crc32(pixels).toString(16)).toBe(crc);
    expect(sum(pixels)).toBe(bytes);
    first.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 6);
    });
    expect(sum(values)).toBeCloseTo(total, 1);
  });

  // Pillow 13.0, the 61 x 43 pictures
  it.each([
    ["1", 28, "9a760f3d"],
    ["1", 90, "9dd9f004"],
    ["LA", 28, "d1e9634f"],
    ["LA", 90, "730d4e39"],
    ["RGBA", 90, "c8c93602"],
    ["RGBA", 43, "54101dab"],
  ] as const)("mode %s -> %i", (mode, size, crc) => {
    const image = picture(61, 43, mode);
    const source = mode === "1" ? { ...image, data: image.data.map((v) => (v >= 128 ? 255 : 0)) } : image;
    expect(crc32(preprocess(source, { size }).pixels).toString(16)).toBe(crc);
  });

  it.each([
    [28, "26af605f"],
    [43, "2c4b03b3"],
    [90, "d6053b85"],
  ])("a palette picture -> %i", (size, crc) => {
    expect(crc32(preprocess(palettePicture(), { size }).pixels).toString(16)).toBe(crc);
  });

  it("pads to a square with the mean colour for InfiMM-HD", () => {
    const { pixels } = preprocess(picture(61, 43, "RGB"), { size: 28, padToSquare: true });
    expect(crc32(pixels).toString(16)).toBe("36444319");
    expect([...pixels.subarray(0, 3)]).toEqual([122, 116, 104]);
  });

  it("makes the constants of black and white", () => {
    const flat = (value: number) => makeImage(2, 2, "RGB", new Uint8Array(12).fill(value));
    const channels = (image: Image) =>
      Array.from({ length: 3 }, (_, c) => preprocess(image, { size: 2 }).values[c * 4]);
    expect(channels(flat(0))).toEqual([-1.7922625541687012, -1.7520971298217773, -1.480219841003418]);
    expect(channels(flat(255))).toEqual([1.9303361, 2.0748837, 2.1458969].map((v) => expect.closeTo(v, 6)));
  });

  it("survives extreme shapes without building the whole strip", () => {
    const { pixels } = preprocess(picture(20000, 1, "RGB"), { size: 336 });
    expect(pixels.length).toBe(336 * 336 * 3);
  });

  it("truncates the longer side", () => {
    expect(shorterSideTo(336, 500, 375)).toEqual([448, 336]);
    expect(shorterSideTo(336, 640, 427)).toEqual([503, 336]);
    expect(shorterSideTo(336, 333, 1000)).toEqual([336, 1009]);
    expect(shorterSideTo(336, 101, 97)).toEqual([349, 336]);
  });

  it("refuses a size that is none", () => {
    expect(() => preprocess(picture(2, 2, "L"), { size: 0 })).toThrow("size must be a positive integer, got 0");
  });
});
