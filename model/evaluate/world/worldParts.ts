import { join } from "node:path";
import type { Run } from "../changes.ts";
import { DEFAULT_SETTINGS, type EvaluateOptions, generateItems } from "../generateItems.ts";
import { NO_JUDGE } from "../judges/none.ts";
import { scoreRun } from "../scoreRun.ts";
import type { Settings, Task } from "../task.ts";
import { worldShots } from "./worldShots.ts";
import { worldTask } from "./worldTask.ts";

/**
 * What is asked of a model in the small world.
 *
 * | part | |
 * | --- | --- |
 * | `seen` | new scenes of what training draws |
 * | `unseen` | scenes with combinations of colour and shape that training never has |
 * | `blind` | as `seen`, but every picture is grey |
 * | `0-shots` | without the chat template, nothing before the question |
 * | `4-shots` | the same with four demonstrations; and shapes with made-up names |
 */
export const WORLD_PARTS = ["seen", "unseen", "blind", "0-shots", "4-shots"] as const;
/** One part of what `infimm eval world` runs, by name. */
export type WorldPart = (typeof WORLD_PARTS)[number];

/** The runs of one model by part. */
export type WorldRuns = Partial<Readonly<Record<WorldPart, Run>>>;

const SETTINGS: Readonly<Record<WorldPart, Partial<Settings>>> = {
  seen: { split: "seen" },
  unseen: { split: "unseen" },
  blind: { split: "seen", blind: true },
  "0-shots": { split: "seen", prompts: "base", trueZeroShot: true },
  "4-shots": { split: "seen", prompts: "base", trueZeroShot: true, shots: 4 },
};

function taskOf(part: WorldPart, count: number): Task {
  return part === "0-shots" || part === "4-shots" ? worldShots(count) : worldTask(count);
}

/** What runWorldPart needs. */
export interface WorldPartOptions extends Omit<EvaluateOptions, "task" | "data" | "settings"> {
  /** Questions of each task. */
  readonly count: number;
}

/** Ask a model one part, in a folder of its name below `out`, and score it. A run that was stopped goes on. */
export async function runWorldPart(part: WorldPart, { count, ...options }: WorldPartOptions): Promise<Run> {
  const out = join(options.out, part);
  const task = taskOf(part, count);
  const settings = { ...DEFAULT_SETTINGS, ...SETTINGS[part] };
  const items = await generateItems({ ...options, out, task, data: ".", settings });
  return { items, scores: await scoreRun(out, { judge: NO_JUDGE }) };
}
