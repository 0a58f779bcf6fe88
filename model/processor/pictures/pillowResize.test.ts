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

  // CRC-32 of what Pillow 13.0 makes of synthetic pictures; where many more rows go than columns, it begins along y
  it.each([
    ["RGB", 20, 61, 10, 30, "87bc6ba9"],
    ["RGBA", 20, 61, 10, 30, "39fdf1ce"],
    ["RGB", 20, 40, 10, 20, "045c335a"],
    ["RGBA", 20, 40, 10, 20, "e8fa5bb1"],
    ["RGB", 20, 41, 10, 20, "70b365bf"],
    ["RGBA", 20, 41, 10, 20, "789c7802"],
    ["RGB", 17, 300, 40, 100, "e446eb10"],
    ["RGBA", 17, 300, 40, 100, "eb6853c2"],
    ["RGB", 8, 900, 28, 899, "2fe635c8"],
    ["RGBA", 8, 900, 28, 899, "98ceb119"],
    ["RGB", 61, 43, 90, 17, "d92b14df"],
    ["RGBA", 61, 43, 90, 17, "72029b8f"],
    ["RGB", 300, 40, 100, 60, "808116d9"],
    ["RGBA", 300, 40, 100, 60, "9a2bfba7"],
    ["RGB", 43, 61, 43, 20, "f23c8c65"],
    ["RGBA", 43, 61, 43, 20, "34aab815"],
    ["RGB", 43, 61, 20, 61, "ae5c97b1"],
    ["RGBA", 43, 61, 20, 61, "95ddcec7"],
  ] as const)(
    "takes the passes in Pillow's order: %s %i x %i -> %i x %i",
    (mode, width, height, toWidth, toHeight, crc) => {
      const { data } = pillowResize(picture(width, height, mode), toWidth, toHeight);
      expect(crc32(data).toString(16).padStart(8, "0")).toBe(crc);
    },
  );

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
