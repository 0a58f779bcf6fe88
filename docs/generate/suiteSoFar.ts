import { conformanceCases } from "../../backends/conformance/cases.ts";
import { createCpuBackend } from "../../backends/cpu/cpu.ts";
import type { Backend } from "../../tensor/backend.ts";

const KERNELS = ["map", "reduce", "matmul", "copy", "gather", "scatterAdd", "scan"] as const;

let known: Promise<Map<string, Set<string>>> | undefined;

/** The conformance cases that `cpu` passes without fused kernels, and which kernels each of them runs. */
async function kernelsOfCases(): Promise<Map<string, Set<string>>> {
  const cpu = createCpuBackend();
  let used = new Set<string>();
  const watched = (name: (typeof KERNELS)[number]) => {
    const kernel = cpu[name] as (...args: unknown[]) => void;
    return (...args: unknown[]) => {
      used.add(name);
      kernel(...args);
    };
  };
  const backend: Backend = {
    ...cpu,
    ...Object.fromEntries(KERNELS.map((name) => [name, watched(name)])),
    fused: {},
  };
  const kernels = new Map<string, Set<string>>();
  for (const { name, run } of conformanceCases()) {
    used = new Set();
    await run(backend);
    kernels.set(name, used);
  }
  return kernels;
}

/** What the conformance suite says of `cpu` while it is being written: with memory, the kernels named, and no others. */
export async function suiteSoFar(...written: string[]): Promise<string> {
  known ??= kernelsOfCases();
  const cases = [...(await known)];
  const failing = cases.filter(([, used]) => [...used].some((kernel) => !written.includes(kernel)));
  const passed = `**${cases.length - failing.length} of ${cases.length} cases pass**`;
  return failing.length > 0 ? `${passed}. The first that does not: \`${failing[0][0]}\`.` : `${passed}.`;
}
