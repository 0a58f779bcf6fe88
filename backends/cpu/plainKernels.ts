import { copy } from "./copy.ts";
import type { CpuKernels } from "./cpu.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { reduce } from "./reduce.ts";
import { scan } from "./scan.ts";

/** The kernels of this folder: what each computes, as plainly as it can be said, and nothing fused. */
export const plainKernels: CpuKernels = { map, reduce, matmul, copy, gather, scatterAdd, scan, fused: {} };
