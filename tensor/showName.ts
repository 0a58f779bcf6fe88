import type { Tensor } from "./tensor.ts";

/** What stands for showTensor.ts in bundles for browsers, whose consoles show objects in their own way. */
export const showTensor = (t: Tensor): string => String(t);
