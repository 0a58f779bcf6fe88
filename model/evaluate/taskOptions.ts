import { InfimmError } from "../../core/errors.ts";
import type { ScoreOptions, Task, TaskOption } from "./task.ts";

/** What the command line calls them. */
const FLAGS: Readonly<Record<TaskOption, string>> = {
  judge: "--judge",
  judgePrompt: "--judge-prompt",
  definition: "--definition",
  drawUndecided: "--draw-undecided",
  grades: "--grades",
  ptb: "--ptb",
  split: "--split",
  firstImageOnly: "--first-image-only",
  promptForm: "--prompt-form",
};

/** @throws for an option that the task does not know: it would be passed over */
export function requireTaken({ name, takes = [] }: Task, given: Partial<Record<TaskOption, unknown>>): void {
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || value === false || takes.includes(option as TaskOption)) continue;
    const known = takes.map((one) => FLAGS[one]).join(", ") || "none of its kind";
    throw new InfimmError(`${name} does not take ${FLAGS[option as TaskOption]}, but ${known}`);
  }
}

/** @throws for settings that the task has no use for, or a form of its prompt that it does not know */
export function requireRunOptions(
  task: Task,
  given: Partial<Record<"split" | "firstImageOnly" | "promptForm", unknown>>,
) {
  requireTaken(task, given);
  const { name, promptForms = [] } = task;
  const { promptForm } = given;
  if (promptForm === undefined || promptForms.includes(promptForm as string)) return;
  throw new InfimmError(`--prompt-form of ${name} must be ${promptForms.join(" or ")}, got ${promptForm}`);
}

/** @throws for a judge, a definition or the like that the task has no use for */
export function requireScoreOptions(task: Task, { judge, ...options }: ScoreOptions): void {
  requireTaken(task, { ...options, judge: judge.name === "none" ? undefined : judge });
  const { definitions = [] } = task;
  const { definition, judgePrompt, grades } = options;
  if (definition !== undefined && !definitions.includes(definition)) {
    throw new InfimmError(`--definition of ${task.name} must be one of ${definitions.join(", ")}, got ${definition}`);
  }
  if (judge.name === "none" && judgePrompt !== undefined) throw new InfimmError("--judge-prompt needs a --judge");
  if (judge.name !== "none" && grades !== undefined) throw new InfimmError("give --grades or a --judge, not both");
}
