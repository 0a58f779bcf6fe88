import { mapKernel } from "../../backends/gpujs/kernelSources.ts";
import { definedExpressions } from "../../core/expr.ts";
import "../../tensor/index.ts";

/** What gpu.js is given for an expression over rows: the JavaScript that it translates for each of its targets. */
export function gpujsKernel(name: string): string {
  const signature = definedExpressions().get(name);
  if (!signature) throw new Error(`no expression is called ${name}`);
  const numbers = signature.params.map(() => false);
  return `\`\`\`js\n${mapKernel(signature.body, numbers, 1).source}\n\`\`\``;
}
