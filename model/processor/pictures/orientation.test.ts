import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeImage } from "./decodeImage.ts";
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

/** Files and the orientation that Pillow's `exif_transpose` applies to each: golden/export/export_orientation.py. */
const folder = new URL("../../../golden/fixtures/orientation/", import.meta.url);
const { cases }: { cases: [name: string, bytes: number, orientation: number | null][] } = JSON.parse(
  readFileSync(new URL("orientation.json", folder), "utf8"),
);
const files = new Uint8Array(inflateSync(readFileSync(new URL("files.deflate", folder))));

describe("it is found where Pillow finds it", () => {
  let at = 0;
  const listed = cases.map(([name, bytes, orientation]) => {
    at += bytes;
    return [name, orientation, files.subarray(at - bytes, at)] as const;
  });

  // where Pillow raises an error, the picture stays as it is
  it.each(listed)("%s: %s", async (_, orientation, bytes) => {
    const upright = await decodeImage(bytes);
    const turned = await decodeImage(bytes, { orientation: "apply" });
    expect(turned).toEqual(applyOrientation(upright, orientation ?? 1));
  });
});
