import { expect, test } from "vitest";
import { labelsOf } from "./labels.ts";

const ids = [[2, 2, 1, 9, 5, 2]];
const attentionMask = [[0, 0, 1, 1, 1, 1]];

test("padding and <image> do not count; a real end of sequence does", () => {
  expect(labelsOf(ids, { imageTokenId: 9, attentionMask })).toEqual([Int32Array.of(-100, -100, 1, -100, 5, 2)]);
});

test("the original's rule, by id, loses the end of sequence too", () => {
  expect(labelsOf(ids, { imageTokenId: 9, padTokenId: 2 })).toEqual([Int32Array.of(-100, -100, 1, -100, 5, -100)]);
});

test("without a mask everything but <image> counts", () => {
  expect(labelsOf([[1, 9, 2]], { imageTokenId: 9 })).toEqual([Int32Array.of(1, -100, 2)]);
});
