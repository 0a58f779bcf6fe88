import { expect, test } from "vitest";
import { fromData, getBackend } from "../../tensor/index.ts";
import { languageModelLoss } from "../infimm.ts";
import { idTensor } from "../inputs.ts";
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

test("a label is what stands after its place: logits are compared with the next token, not their own", async () => {
  const labels = [[-100, 3, 1, 2]];
  const logits = new Float32Array(4 * 4);
  for (const [t, next] of [3, 1, 2, 0].entries()) logits[t * 4 + next] = 20;
  const loss = languageModelLoss(fromData(logits, [1, 4, 4]), idTensor(labels, getBackend()));
  expect(await loss.item()).toBeCloseTo(Math.log1p(3 * Math.exp(-20)), 6);
  const own = new Float32Array(4 * 4);
  for (const [t, label] of [0, 3, 1, 2].entries()) own[t * 4 + label] = 20;
  expect(await languageModelLoss(fromData(own, [1, 4, 4]), idTensor(labels, getBackend())).item()).toBeCloseTo(20, 5);
});
