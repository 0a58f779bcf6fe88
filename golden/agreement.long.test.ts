import "../backends/register.ts";
import { expect, test } from "vitest";
import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { type Backend, getBackend } from "../tensor/index.ts";
import { trainerOf } from "./checkTraining.ts";
import { openTrainingRun } from "./trainingRun.ts";

const FOLDER = "golden/fixtures/training/ift";
const UPDATES = 20;
const BAR = 1e-4;

/** The losses of 20 updates on a golden's batches, again and again, by the golden's recipe. */
async function losses(backend: Backend): Promise<number[]> {
  const run = await openTrainingRun(FOLDER);
  const model = await loadPretrained(FOLDER, { backend });
  const { trainer, optimizer } = trainerOf(run, model);
  const all: number[] = [];
  for (let u = 0; u < UPDATES; u++) {
    const update = await trainer.update(run.batches[u % run.batches.length]);
    all.push(...update.losses.map((loss) => loss!));
  }
  optimizer.dispose();
  model.dispose();
  return all;
}

const reference = losses(getBackend("cpu"));

async function expectAgreement(backend: Backend): Promise<void> {
  const [ours, theirs] = [await losses(backend), await reference];
  expect(ours.length).toBe(theirs.length);
  const apart = ours.map((loss, i) => Math.abs(loss - theirs[i]) / theirs[i]);
  expect(Math.max(...apart)).toBeLessThan(BAR);
}

const timeout = 900_000;

test.each([1, 2, 3])("wasm with %i threads has the losses of cpu over 20 updates", { timeout }, (threads) =>
  expectAgreement(createWasmBackend({ threads })),
);
