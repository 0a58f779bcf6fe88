import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";

/** The learning rate of each optimizer step; the first update is step 0. */
export type Schedule = (step: number) => number;

/** How many of `total` updates warm up: rounded up, as transformers' Trainer does with `warmup_ratio`. */
export function warmupSteps(ratio: number, total: number): number {
  if (!(ratio >= 0 && ratio <= 1)) throw new InfimmError(`warmup: expected a share from 0 to 1, got ${ratio}`);
  return Math.ceil(ratio * total);
}

/** The model card's: from 0 in a straight line to `max` at step `warmup`, then constant. The first update has rate 0. */
export function linearWarmup(max: number, warmup: number): Schedule {
  return (step) => (step < warmup ? (max * step) / warmup : max);
}

/** Options of the schedules that rise for `warmup` updates and then fall. */
export interface FallingOptions {
  readonly warmup: number;
  /** Updates in all: the rate reaches its least there, and stays. */
  readonly total: number;
  /** The least rate, as a share of `max`. Default 0. */
  readonly floor?: number;
}

/** After the warm-up half a cosine down to the floor: transformers' get_cosine_schedule_with_warmup, with a floor. */
export function cosineSchedule(max: number, options: FallingOptions): Schedule {
  checked("cosineSchedule", options, ["warmup", "total", "floor"]);
  return falling(max, options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}

/** After the warm-up a straight line down to the floor: transformers' get_linear_schedule_with_warmup, with a floor. */
export function linearSchedule(max: number, options: FallingOptions): Schedule {
  checked("linearSchedule", options, ["warmup", "total", "floor"]);
  return falling(max, options, (progress) => 1 - progress);
}

function falling(
  max: number,
  { warmup, total, floor = 0 }: FallingOptions,
  left: (progress: number) => number,
): Schedule {
  const rise = linearWarmup(max, warmup);
  return (step) => {
    if (step < warmup) return rise(step);
    const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
    return max * (floor + (1 - floor) * left(progress));
  };
}

/** Options of deepspeedWarmup; `warmup` counts updates. */
export interface DeepspeedWarmupOptions {
  readonly warmup: number;
  /** DeepSpeed's default is the logarithm. */
  readonly type?: "log" | "linear";
  /** The rate to begin at. Default 0. */
  readonly min?: number;
}

/**
 * DeepSpeed's WarmupLR: from `min` along a logarithm or a straight line to `max`, then constant. The engine steps the
 * scheduler after the optimizer, so update u has the rate of its iteration u - 1: one update later than `linearWarmup`,
 * and updates 0 and 1 both have `min`. deepspeed/runtime/lr_schedules.py (since 2024; before, update 0 had `max`).
 */
export function deepspeedWarmup(max: number, options: DeepspeedWarmupOptions): Schedule {
  checked("deepspeedWarmup", options, ["warmup", "type", "min"]);
  const { type = "log", min = 0 } = options;
  const warmup = Math.max(2, options.warmup);
  return (step) => {
    const iteration = Math.max(0, step - 1);
    if (iteration >= warmup) return max;
    const share = type === "log" ? Math.log(iteration + 1) / Math.log(warmup) : iteration / warmup;
    return min + (max - min) * share;
  };
}
