import { normaliseAnswer } from "../metrics/vqaNormalise.ts";
import { cocoPicture } from "./cocoPicture.ts";
import { vqaTask } from "./vqa.ts";

/** VQAv2 on val2014; `--split test-dev2015` or `test2015` gives EvalAI's file: every question, answers normalised. */
export const vqav2 = vqaTask({
  name: "vqav2",
  title: "VQAv2",
  layout:
    "v2_OpenEnded_mscoco_{train2014,val2014}_questions.json, v2_mscoco_{train2014,val2014}_annotations.json, " +
    "train2014/, val2014/",
  split: "val2014",
  trainSplit: "train2014",
  questions: (split) => [`v2_OpenEnded_mscoco_${split}_questions.json`],
  annotations: (split) => [`v2_mscoco_${split}_annotations.json`],
  pathOf: cocoPicture,
  submissions(items) {
    const list = items.map(({ id, answer }) => ({ question_id: Number(id), answer: normaliseAnswer(answer) }));
    return [{ name: "vqav2_results.json", content: `${JSON.stringify(list)}\n` }];
  },
});
