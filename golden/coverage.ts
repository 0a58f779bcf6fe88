import type { Check } from "./check.ts";
import { type GoldenCase, INPUTS } from "./set.ts";

/**
 * The tensors of a case that no check has looked at, told from the checks that were made: what a set holds and nobody
 * compares would look like agreement.
 *
 * @returns keys without the case's name, such as `outputs/entropy`
 */
export function uncheckedKeys(golden: GoldenCase, checks: readonly Check[]): string[] {
  const looked = new Set([...INPUTS.map((name) => `inputs/${name}`), ...checks.map(keyOf)]);
  return golden.keys().filter((key) => !looked.has(key));
}

/** The tensor that a check is about. */
function keyOf({ how, kind, path }: Check): string {
  if (how === "unit") return `module_inputs/${path}`;
  if (kind === "activation") return `activations/${path}`;
  if (kind === "tap") return `taps/${path}`;
  if (kind === "gradient") return `grads/${path}`;
  return `outputs/${path.replace(/\[\d+\]$/, "")}`; // of ids, one check a row
}
