/** The learning rate of each optimizer step; the first update is step 0. */
export type Schedule = (step: number) => number;

/** The model card's: from 0 in a straight line to `max` at step `warmup`, then constant. The first update has rate 0. */
export function linearWarmup(max: number, warmup: number): Schedule {
  return (step) => (step < warmup ? (max * step) / warmup : max);
}

/**
 * DeepSpeed's WarmupLR unless told otherwise: from 0 along a logarithm to `max` at step `warmup`, then constant.
 * deepspeed/runtime/lr_schedules.py: `max · log(step + 1) / log(warmup)`.
 */
export function logarithmicWarmup(max: number, warmup: number): Schedule {
  const steps = Math.max(2, warmup);
  return (step) => (step < steps ? (max * Math.log(step + 1)) / Math.log(steps) : max);
}
