import ndarray from "ndarray";
import { describe, expect, it } from "vitest";
import { fromNdarray, makeImage, toNdarray } from "./image.ts";
import { synthetic } from "./png.fixture.ts";

describe("pixels as ndarray", () => {
  const image = makeImage(5, 4, "RGB", synthetic(5, 4, 3));

  it("shares memory both ways", () => {
    const { data, shape, stride } = toNdarray(image);
    const view = ndarray(data, shape, stride);
    view.set(2, 3, 1, 77);
    expect(image.data[(2 * 5 + 3) * 3 + 1]).toBe(77);
    const back = fromNdarray(view);
    expect(back).toMatchObject({ width: 5, height: 4, mode: "RGB" });
    expect(back.data.buffer).toBe(image.data.buffer);
  });

  it("copies a view with gaps or turned axes", () => {
    const { data, shape, stride } = toNdarray(image);
    const turned = fromNdarray(ndarray(data, shape, stride).transpose(1, 0, 2));
    expect([turned.width, turned.height]).toEqual([4, 5]);
    expect([...turned.data.subarray(3, 6)]).toEqual([...image.data.subarray(15, 18)]);
    const part = fromNdarray(ndarray(data, shape, stride).lo(1, 2, 0));
    expect([...part.data.subarray(0, 3)]).toEqual([...image.data.subarray((5 + 2) * 3, (5 + 2) * 3 + 3)]);
  });

  it("says what does not fit", () => {
    expect(() => makeImage(2, 2, "RGB", new Uint8Array(4))).toThrow("2 x 2 pixels of mode RGB need 12 bytes, got 4");
    expect(() => makeImage(0, 2, "L", new Uint8Array(0))).toThrow("positive integers, got 0 x 2");
    const floats = { data: new Float32Array(4), shape: [2, 2, 1], stride: [2, 1, 1], offset: 0 };
    expect(() => fromNdarray(floats)).toThrow("expected bytes");
    expect(() => fromNdarray({ ...floats, shape: [2, 2] })).toThrow("got shape [2, 2]");
  });
});
