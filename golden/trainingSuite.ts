import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { checkTraining } from "./checkTraining.ts";

const FOLDER = "golden/fixtures/training";

/** Every run of golden/fixtures/training, or those named, on one backend. */
export function trainingRuns(backend: string, runs = readdirSync(FOLDER)): void {
  test.each(runs)(`%s trains on ${backend} as the original's classes in PyTorch`, async (run) => {
    const checks = await checkTraining(`${FOLDER}/${run}`, { backend });
    const failed = checks.filter(({ passed }) => !passed);
    expect(
      failed.map(({ kind, path, ratio, note }) => `${kind} ${path}: ${note ?? `${ratio.toFixed(1)} x PyTorch`}`),
    ).toEqual([]);
    expect(checks.length).toBeGreaterThan(100);
    expect(new Set(checks.map(({ kind }) => kind))).toEqual(
      new Set([
        "rate",
        "loss",
        "gradient norm",
        "gate",
        "gradient",
        "parameter",
        "parameter norm",
        "change norm",
        "frozen",
      ]),
    );
  });
}
