import { InfimmError } from "../core/errors.ts";
import type { InfiMM } from "../model/infimm.ts";
import { openBackend } from "../tensor/index.ts";
import { checkForward } from "./chain.ts";
import { type Check, Checker } from "./check.ts";
import { type Bar, BARS } from "./compare.ts";
import { uncheckedKeys } from "./coverage.ts";
import { checkDecoding } from "./decoding.ts";
import { checkLoss } from "./loss.ts";
import type { GoldenCase, GoldenSet } from "./set.ts";
import { checkUnits } from "./unit.ts";

/** Check a model against everything that a case has. */
export async function checkCase(
  model: InfiMM,
  set: GoldenSet,
  golden: GoldenCase,
  backendName = "cpu",
  gradients = true,
): Promise<Check[]> {
  const backend = await openBackend(backendName);
  const checker = new Checker(set.name, golden, barOf(backendName), unitsOf(model, set, golden));
  await checkForward(model, golden, checker, backend);
  await checkUnits(model, golden, checker, backend);
  await checkLoss(model, golden, checker, backend, gradients);
  await checkDecoding(model, golden, checker);
  for (const path of uncheckedKeys(golden, checker.checks)) {
    checker.failure({ how: "chain", kind: "unchecked", path }, "the set holds it, and no check is about it");
  }
  return checker.checks;
}

/**
 * PyTorch's errors, by path. The error of one single number, such as a gate's gradient, is one draw of chance, and may
 * happen to be 0: for all of these the unit is the root mean square over the single numbers of the whole set.
 */
function unitsOf(model: InfiMM, set: GoldenSet, golden: GoldenCase): Record<string, number> {
  const single = [...model.parameters()].filter(([, { size }]) => size === 1).map(([path]) => `grads/${path}`);
  const draws = set.cases.flatMap((c) => single.map((key) => c.float32Error[key] ?? 0)).filter((e) => e > 0);
  const typical = Math.sqrt(draws.reduce((sum, e) => sum + e * e, 0) / Math.max(1, draws.length));
  return { ...golden.float32Error, ...Object.fromEntries(single.map((key) => [key, typical])) };
}

function barOf(backend: string): Bar {
  const bar = BARS[backend];
  if (!bar)
    throw new InfimmError(`no bar is known for backend "${backend}"; there are ${Object.keys(BARS).join(", ")}`);
  return bar;
}
