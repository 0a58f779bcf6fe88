import { InfimmError } from "../core/errors.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { openBackend } from "../tensor/index.ts";
import type { Check } from "./check.ts";
import { checkCase } from "./checkCase.ts";
import { type GoldenSet, openGoldenSet } from "./load.ts";

export interface RunOptions {
  /** A backend by name. Default: cpu. */
  readonly backend?: string;
  /** Only this case. */
  readonly case?: string;
  /** Whether to go back through the loss: half of the work. Default: yes. */
  readonly gradients?: boolean;
  readonly onProgress?: (what: string) => void;
}

/** Load the checkpoint of a set and check all its cases. */
export async function checkSet(folder: string, options: RunOptions = {}): Promise<{ set: GoldenSet; checks: Check[] }> {
  const { backend = "cpu", onProgress } = options;
  const set = await openGoldenSet(folder);
  const cases = set.cases.filter(({ name }) => options.case === undefined || name === options.case);
  if (cases.length === 0) {
    throw new InfimmError(
      `${set.name} has no case "${options.case}"; it has ${set.cases.map(({ name }) => name).join(", ")}`,
    );
  }
  const model = await loadPretrained(folder, { backend: await openBackend(backend) });
  const checks: Check[] = [];
  for (const golden of cases) {
    onProgress?.(`${set.name}: ${golden.name}`);
    checks.push(...(await checkCase(model, set, golden, backend, options.gradients)));
  }
  model.dispose();
  return { set, checks };
}
