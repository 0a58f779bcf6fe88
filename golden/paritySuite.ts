import { existsSync, readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Check } from "./check.ts";
import { diagnose } from "./diagnose.ts";
import { type GoldenCase, openGoldenSet } from "./load.ts";
import { checkSet } from "./run.ts";
import { getBackend } from "../tensor/index.ts";

/** The committed sets. */
export const folders = [
  ...readdirSync("golden/fixtures").map((name) => `golden/fixtures/${name}`),
  "model/infimm-tiny",
].filter((folder) => existsSync(`${folder}/golden.json`));

/**
 * The set that `npm test` checks where a backend is emulated in software; `npm run test:long`
 * checks the others. What tiny-hd has not (pre-norm blocks with rotary positions, a resampler) infimm-tiny has, which
 * runs on gpu.js in backends/gpujs/gpujs.test.ts and on WebGPU in golden/browser/browser.test.ts.
 */
export const soon = (folder: string): boolean => folder.endsWith("/tiny-hd");

/** How many checks of each kind a case is worth, told from its files alone: what was not checked cannot have passed. */
function expectedCounts(golden: GoldenCase, backend: string, gradients: boolean): [what: string, count: number][] {
  const rows = (path: string) => (golden.has("outputs", path) ? golden.shape("outputs", path)[0] : 0);
  const counts: [string, number][] = [
    ["chain activation", golden.paths("activations").length],
    ["chain tap", golden.paths("taps").length],
    // where attention is one kernel, a run without taps is checked as well
    ["chain logits", Number(golden.has("outputs", "logits")) * (getBackend(backend).fused.attention ? 2 : 1)],
    ["unit activation", golden.paths("module_inputs").filter((path) => path !== "model").length],
    ["unit logits", Number(golden.has("module_inputs", "model"))],
    ["chain loss", Number(golden.has("outputs", "loss"))],
    ["chain gradient norm", gradients ? Object.keys(golden.gradNorms).length : 0],
    ["chain gradient", gradients ? golden.paths("grads").length : 0],
    ["chain ids", rows("greedy_ids") + rows("batch_greedy_ids") + rows("beam3_ids")],
  ];
  return counts.filter(([, count]) => count > 0);
}

/**
 * Declare the check of all committed sets as vitest tests: everything that a set holds, on one backend.
 * @param gradientsIn the cases whose gradients are checked; those of which tensors are stored must be among them
 * @param allowances relative errors that single numbers may have beyond the bar, by `<set> <case> <path>`: each needs
 *   a reason that can be computed
 * @param sets which of the sets, by their folders
 */
export async function parity(
  backend: string,
  {
    gradientsIn = () => true,
    allowances = {},
    sets = () => true,
  }: {
    gradientsIn?: (golden: GoldenCase) => boolean;
    allowances?: Readonly<Record<string, number>>;
    sets?: (folder: string) => boolean;
  } = {},
): Promise<void> {
  const allowed = ({ set, case: name, path, error }: Check) => error <= (allowances[`${set} ${name} ${path}`] ?? 0);
  for (const folder of folders.filter(sets)) {
    const { name, cases } = await openGoldenSet(folder);
    describe.each(cases)(`${name} on ${backend}: $name`, (golden) => {
      const gradients = gradientsIn(golden);
      const expected = expectedCounts(golden, backend, gradients);
      let checks: Check[] = [];
      beforeAll(async () => {
        checks = (await checkSet(folder, { backend, case: golden.name, gradients })).checks;
      });

      test.each(expected)("%s: %i equal PyTorch", (what, count) => {
        const ours = checks.filter((check) => `${check.how} ${check.kind}` === what);
        expect(diagnose(ours.filter((check) => check.passed || !allowed(check)))?.text).toBeUndefined();
        expect(ours.length).toBe(count);
      });

      test("nothing else, and nothing left unchecked", () => {
        const total = expected.reduce((sum, [, count]) => sum + count, 0);
        expect(checks.filter((check) => check.kind === "unchecked")).toEqual([]);
        expect(checks.length).toBe(total);
      });
    });
  }
}
