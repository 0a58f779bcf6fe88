import type { Backend, FusedKernels } from "../tensor/backend.ts";

/** Shapes only, as on meta, but with fused kernels: what runs is counted, not computed. */
export interface CountingBackend extends Backend {
  /** The kernels that ran, in order. */
  readonly ran: string[];
}

/** Ask for the memory of every operand, as a kernel would. */
function touch(value: unknown): void {
  if (typeof value !== "object" || value === null || "kind" in value) return;
  if ("buffer" in value) void value.buffer;
  else Object.values(value).forEach(touch);
}

/** @param fused the fused kernels that it has */
export function createCountingBackend(name: string, fused: readonly (keyof FusedKernels)[]): CountingBackend {
  const ran: string[] = [];
  const count =
    (kernel: string) =>
    (...args: readonly unknown[]) => {
      args.forEach(touch);
      ran.push(kernel);
    };
  return {
    name,
    ran,
    fewRows: 4,
    alloc: (byteLength) => ({ byteLength }),
    free: () => {},
    write: () => {},
    read: async (_buffer, _offset, byteLength) => new ArrayBuffer(byteLength),
    flush: async () => {},
    map: count("map"),
    reduce: count("reduce"),
    matmul: count("matmul"),
    copy: count("copy"),
    gather: count("gather"),
    scatterAdd: count("scatterAdd"),
    scan: count("scan"),
    fused: Object.fromEntries(fused.map((kernel) => [kernel, count(kernel)])),
  };
}
