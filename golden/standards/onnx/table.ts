import type { Op } from "../case.ts";
import { ATTENTION } from "./attention.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { LAYERS } from "./layers.ts";
import { LOSSES } from "./losses.ts";
import { RECURRENT } from "./recurrent.ts";
import { REDUCING } from "./reducing.ts";
import { RESIZE } from "./resize.ts";
import { SHAPING } from "./shaping.ts";
import { SIGNALS } from "./signals.ts";

/** ONNX's operators, in terms of this library. */
export const ONNX: Record<string, Op> = {
  ...ELEMENTWISE,
  ...SHAPING,
  ...REDUCING,
  ...LAYERS,
  ...ATTENTION,
  ...LOSSES,
  ...RESIZE,
  ...RECURRENT,
  ...SIGNALS,
};
