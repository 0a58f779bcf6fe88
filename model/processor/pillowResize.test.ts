import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS, type ImageMode, makeImage } from "./image.ts";
import { crop, pillowResize } from "./pillowResize.ts";
import { crc32 } from "./formats/crc32.ts";
import { synthetic } from "./png.fixture.ts";

/** The synthetic picture in a mode; bilevel ones are thresholded at 128. */
function picture(width: number, height: number, mode: ImageMode) {
  const data = synthetic(width, height, CHANNELS[mode]);
  return makeImage(width, height, mode, mode === "1" ? data.map((v) => (v >= 128 ? 255 : 0)) : data);
}

describe("pillowResize", () => {
  // CRC-32 of what Pillow 13.0 makes of the 61 x 43 picture at 17 x 90
  it.each([
    ["L", "47038729"],
    ["LA", "e455af5b"],
    ["RGB", "ce6ebcc7"],
    ["RGBA", "877ab2c3"],
  ] as const)("is Pillow's bicubic, byte for byte: %s", (mode, expected) => {
    const { data } = pillowResize(picture(61, 43, mode), 17, 90);
    expect(crc32(data).toString(16)).toBe(expected);
  });

  it("samples palette and bilevel pictures, so that no new colour appears", () => {
    const sampled = pillowResize(picture(61, 43, "1"), 200, 100).data;
    expect(new Set(sampled)).toEqual(new Set([0, 255]));
  });

  it("leaves a picture alone that has the size, hidden colours too", () => {
    const image = makeImage(1, 2, "RGBA", Uint8Array.of(9, 8, 7, 0, 1, 2, 3, 255));
    expect(pillowResize(image, 1, 2)).toBe(image);
    expect([...pillowResize(image, 2, 4).data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  const modes = fc.constantFrom<ImageMode>("1", "P", "L", "LA", "RGB", "RGBA");
  const side = fc.integer({ min: 1, max: 40 });

  it("computes a window exactly as it computes the whole", () => {
    const window = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(modes, side, side, side, side, window, window, (mode, w, h, toW, toH, fromTo, topBottom) => {
        const [left, right] = fromTo.map((t) => Math.floor(t * toW)).sort((a, b) => a - b);
        const [top, bottom] = topBottom.map((t) => Math.floor(t * toH)).sort((a, b) => a - b);
        fc.pre(right > left && bottom > top);
        const part = { left, top, width: right - left, height: bottom - top };
        const image = picture(w, h, mode);
        expect(pillowResize(image, toW, toH, part).data).toEqual(crop(pillowResize(image, toW, toH), part).data);
      }),
    );
  });

  it("keeps a flat colour flat", () => {
    fc.assert(
      fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, toW, toH, value) => {
        const flat = makeImage(w, h, "L", new Uint8Array(w * h).fill(value));
        expect(new Set(pillowResize(flat, toW, toH).data)).toEqual(new Set([value]));
      }),
    );
  });

  it("refuses a window outside of the result", () => {
    const image = picture(4, 4, "L");
    const window = { left: 5, top: 0, width: 4, height: 4 };
    expect(() => pillowResize(image, 8, 8, window)).toThrow("4 x 4 at (5, 0) does not lie inside 8 x 8");
  });
});
