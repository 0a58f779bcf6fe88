import type { Op } from "../case.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { LAYERS } from "./layers.ts";
import { LOSSES } from "./losses.ts";
import { REDUCING } from "./reducing.ts";
import { SAMPLING } from "./sampling.ts";
import { SEARCHING } from "./searching.ts";
import { SHAPING } from "./shaping.ts";

/** PyTorch's ops, in terms of this library, by OpInfo's names. */
export const OPINFO: Record<string, Op> = {
  ...ELEMENTWISE,
  ...SHAPING,
  ...REDUCING,
  ...LAYERS,
  ...LOSSES,
  ...SEARCHING,
  ...SAMPLING,
};
