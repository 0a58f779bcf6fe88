import { expect, test } from "vitest";
import { makeImage } from "../processor/pictures/image.ts";
import type { Document, Part } from "./documents.ts";
import { type Filters, filtered } from "./filters.ts";
import { all } from "./readers/made.fixture.ts";

const sized = (width: number, height: number): Part => ({ path: `${width}x${height}`, width, height });
const said = (text: string): Part => ({ text, learn: true });
const records = (...documents: Part[][]) => ({
  source: "made",
  length: documents.length,
  at: async (index: number): Promise<Document> => ({ id: String(index), source: "made", layout: "web", parts: documents[index] }),
}); // biome-ignore format: short
const kept = async (filters: Filters, ...documents: Part[][]) => {
  const { documents: passed, reasons } = await all(filtered(records(...documents), filters));
  return { kept: passed.map(({ id }) => Number(id)), reasons };
};

test("without filters the records are the same", () => {
  const same = records([sized(1, 1)]);
  expect(filtered(same, {})).toBe(same);
});

test("numbers of pictures and words", async () => {
  const documents = [[said("a b c")], [sized(9, 9), said("a")], [sized(9, 9), sized(9, 9), sized(9, 9), said("a b")]];
  expect(await kept({ minPictures: 1 }, ...documents)).toEqual({ kept: [1, 2], reasons: ["fewer than 1 pictures"] });
  expect(await kept({ maxPictures: 2 }, ...documents)).toEqual({ kept: [0, 1], reasons: ["more than 2 pictures"] });
  expect(await kept({ minWords: 2 }, ...documents)).toEqual({ kept: [0, 2], reasons: ["fewer than 2 words"] });
  expect(await kept({ maxWords: 2 }, ...documents)).toEqual({ kept: [1, 2], reasons: ["more than 2 words"] });
});

test("pictures that are too small, too large or too long are dropped; a document that had only such goes with them", async () => {
  const documents = [
    [sized(10, 200), said("a")],
    [sized(100, 90), sized(10, 10), said("a")],
  ];
  const small = await kept({ minSide: 50 }, ...documents);
  expect(small).toEqual({ kept: [1], reasons: ["pictures under 50 pixels"] });
  expect(await kept({ maxSide: 150 }, ...documents)).toEqual({ kept: [1], reasons: ["pictures over 150 pixels"] });
  expect(await kept({ maxAspect: 2 }, ...documents)).toEqual({ kept: [1], reasons: ["pictures of an aspect over 2"] });
  const { documents: passed } = await all(filtered(records(...documents), { minSide: 50 }));
  expect(passed[0].parts).toHaveLength(2);
});

test("the size is read from the file where the record does not tell it; what cannot be read is left to the decoder", async () => {
  const file: Part = { path: "model/infimm-tiny/pictures/dog.png" };
  const pixels: Part = { pixels: makeImage(4, 2, "L", new Uint8Array(8)) };
  const broken: Part = { bytes: new Uint8Array(3) };
  const documents = [[file], [pixels], [broken], [{ path: "/no/such/file" }]];
  expect((await kept({ minSide: 3 }, ...documents)).kept).toEqual([0, 2, 3]);
  expect((await kept({ minSide: 100_000 }, ...documents)).kept).toEqual([2, 3]);
});

test("of documents with a single picture a share is kept, always the same", async () => {
  const documents = Array.from({ length: 200 }, () => [sized(9, 9), said("a")]);
  const half = await kept({ keepSingle: 0.5 }, ...documents, [sized(9, 9), sized(9, 9)]);
  expect(half.kept.length).toBeGreaterThan(75);
  expect(half.kept.length).toBeLessThan(126);
  expect(half.kept).toContain(200);
  expect(half.reasons[0]).toBe("single picture, not drawn");
  expect(await kept({ keepSingle: 0.5 }, ...documents, [sized(9, 9), sized(9, 9)])).toEqual(half);
  expect((await kept({ keepSingle: 0 }, ...documents)).kept).toEqual([]);
});

test("what is no number is refused", () => {
  expect(() => filtered(records(), { minSide: -1 })).toThrow("minSide must be a number, 0 or more, got -1");
});
