import { expect, it } from "vitest";
import { makeImage } from "./image.ts";
import { applyOrientation } from "./orientation.ts";

// 3 x 2: 1 2 3 / 4 5 6; results as Pillow's ImageOps.exif_transpose gives them
it.each([
  [1, 3, [1, 2, 3, 4, 5, 6]],
  [2, 3, [3, 2, 1, 6, 5, 4]],
  [3, 3, [6, 5, 4, 3, 2, 1]],
  [4, 3, [4, 5, 6, 1, 2, 3]],
  [5, 2, [1, 4, 2, 5, 3, 6]],
  [6, 2, [4, 1, 5, 2, 6, 3]],
  [7, 2, [6, 3, 5, 2, 4, 1]],
  [8, 2, [3, 6, 2, 5, 1, 4]],
  [9, 3, [1, 2, 3, 4, 5, 6]],
])("orientation %i", (orientation, width, expected) => {
  const upright = applyOrientation(makeImage(3, 2, "L", Uint8Array.of(1, 2, 3, 4, 5, 6)), orientation);
  expect(upright.width).toBe(width);
  expect([...upright.data]).toEqual(expected);
});
