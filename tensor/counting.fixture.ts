import { type Backend, getBackend } from "./backend.ts";

/** Kernels and allocations since it was made. */
export interface Counts {
  launches: number;
  allocations: number;
}

/** The backend called `name`, counting. */
export function countingBackend(name?: string): Backend & { readonly counts: Counts } {
  const backend = getBackend(name);
  const counts: Counts = { launches: 0, allocations: 0 };
  const counted =
    <A extends unknown[], R>(key: keyof Counts, fn: (...args: A) => R, self: object) =>
    (...args: A): R => {
      counts[key]++;
      return fn.apply(self, args);
    };
  const { map, reduce, matmul, copy, gather, scatterAdd, scan } = backend;
  const kernels = Object.entries({ map, reduce, matmul, copy, gather, scatterAdd, scan });
  const count = (entries: [string, unknown][], self: object) =>
    Object.fromEntries(entries.map(([key, fn]) => [key, counted("launches", fn as () => void, self)]));
  return {
    ...backend,
    ...count(kernels, backend),
    alloc: counted("allocations", backend.alloc, backend),
    fused: count(Object.entries(backend.fused), backend.fused),
    counts,
  };
}
