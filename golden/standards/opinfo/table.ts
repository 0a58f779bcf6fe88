import type { Op } from "../case.ts";
export const OPINFO: Record<string, Op> = {};
