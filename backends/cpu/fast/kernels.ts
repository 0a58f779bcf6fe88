import { transposed } from "../../../core/operand.ts";
import type { Backend } from "../../../tensor/backend.ts";
import { copy } from "./copy.ts";
import { dequantize } from "./dequantize.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { reduce } from "./reduce.ts";
import { layerNorm, rmsNorm, softmax } from "./rows.ts";
import { scan } from "./scan.ts";
import { topk } from "./topk.ts";

/** The kernels of `cpu` as they run: what the plain ones beside this folder compute, 5 to 200 times as fast. */
export const fastKernels = {
  map,
  reduce,
  matmul: (a, b, out) => matmul(a, b, out),
  copy,
  gather,
  scatterAdd,
  scan,
  fused: {
    softmax,
    layerNorm,
    rmsNorm,
    linear: (x, weight, bias, out) => matmul(x, transposed(weight), out, bias),
    dequantize,
    quantizedLinear: (x, weight, bias, out) => matmul(x, transposed(weight), out, bias),
    topk,
  },
} satisfies Partial<Backend>;
