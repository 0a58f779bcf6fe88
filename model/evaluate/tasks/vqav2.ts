import { existsSync } from "node:fs";
import { join } from "node:path";
import { jsonEntries } from "../data/entries.ts";
import type { Item, Submission, SubmissionContext } from "../task.ts";
import { normaliseAnswer } from "../metrics/vqaNormalise.ts";
import { cocoPicture } from "./cocoPicture.ts";
import { vqaTask } from "./vqa.ts";

const questionsOf = (split: string) => `v2_OpenEnded_mscoco_${split}_questions.json`;

/** VQAv2 on val2014; `--split test-dev2015` or `test2015` gives EvalAI's file: every question, answers normalised. */
export const vqav2 = vqaTask({
  name: "vqav2",
  title: "VQAv2",
  layout:
    "v2_OpenEnded_mscoco_{train2014,val2014}_questions.json, v2_mscoco_{train2014,val2014}_annotations.json, " +
    "train2014/, val2014/",
  split: "val2014",
  trainSplit: "train2014",
  questions: (split) => [questionsOf(split)],
  annotations: (split) => [`v2_mscoco_${split}_annotations.json`],
  pathOf: cocoPicture,
  submissions,
});

/** EvalAI takes a file with every question of test2015 only: those that were not asked get an empty answer. */
async function submissions(items: readonly Item[], { data, split }: SubmissionContext): Promise<Submission[]> {
  const list = items.map(({ id, answer }) => ({ question_id: Number(id), answer: normaliseAnswer(answer) }));
  const fileOf = (added: typeof list, note?: string) => {
    return [{ name: "vqav2_results.json", content: `${JSON.stringify([...list, ...added])}\n`, note }];
  };
  if (!/^test/.test(split)) return fileOf([]);
  const path = join(data, questionsOf("test2015"));
  if (!existsSync(path)) {
    return fileOf(
      [],
      `EvalAI takes every question of test2015: put ${path} there and score again to have them filled in`,
    );
  }
  const asked = new Set(items.map(({ id }) => id));
  const all = (await jsonEntries(path, "questions")).map((entry) => entry.id("question_id"));
  return fileOf(all.filter((id) => !asked.has(id)).map((id) => ({ question_id: Number(id), answer: "" })));
}
