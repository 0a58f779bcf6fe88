import { InfimmError } from "../core/errors.ts";
import { ModuleList } from "./containers.ts";
import { globToRegExp } from "./glob.ts";
import type { Module } from "./module.ts";
import { recomputedForward } from "./recompute.ts";

/**
 * Gradient checkpointing: of the modules that a pattern names only the output is kept for the way back, where their
 * forward is run again (torch.utils.checkpoint). Gradients stay the same bit by bit, dropout included; memory for
 * activations falls to what one of them needs, for a third more time. Of a list of modules, its parts are meant.
 *
 * @param patterns of module paths (glob.ts); none: no module is recomputed any more
 * @throws if a pattern names no module
 */
export function checkpointGradients(model: Module, patterns: readonly string[]): string[] {
  const modules = model.modules();
  for (const module of modules.values()) module.recompute = null;
  for (const pattern of patterns) {
    const matcher = globToRegExp(pattern);
    const found = [...modules].filter(([path]) => matcher.test(path));
    if (found.length === 0) {
      throw new InfimmError(
        `gradient checkpointing: no module is called "${pattern}"; \`infimm info --depth 9\` lists them`,
      );
    }
    for (const [, module] of found) mark(module);
  }
  return [...modules].flatMap(([path, module]) => (module.recompute ? [path] : []));
}

/** A list is never called, its parts are. */
function mark(module: Module): void {
  if (module instanceof ModuleList) for (const [, part] of module.children()) mark(part);
  else module.recompute = recomputedForward;
}
