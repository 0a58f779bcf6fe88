import { normaliseAnswer } from "../metrics/vqaNormalise.ts";
import { readVizwiz } from "../../train/readers/vizwiz.ts";
import { vqaTask } from "./vqa.ts";

/** VizWiz, as it is given out or as OpenFlamingo's repository has it; its server takes `[{image, answer}]`. */
export const vizwiz = vqaTask({
  name: "vizwiz",
  title: "VizWiz",
  layout:
    "{train,val}.json (or in Annotations/), or {train,val}_questions_vqa_format.json and " +
    "{train,val}_annotations_vqa_format.json; train/, val/",
  split: "val",
  trainSplit: "train",
  questions: (split) => [`${split}_questions_vqa_format.json`],
  annotations: (split) => [`${split}_annotations_vqa_format.json`],
  own: { names: (split) => [`${split}.json`, `Annotations/${split}.json`], read: readVizwiz },
  pathOf: (split, imageId) => `${split}/${imageId}`,
  instruction:
    "When the provided information is insufficient, respond with 'Unanswerable'. " +
    "Answer the question using a single word or phrase.",
  notes: ["Answers without ids that are equal are left out together, so that 4 of 10 equal ones give 60, not 100."],
  async submissions(items) {
    const list = items.map(({ reference, answer }) => ({ image: reference.image, answer: normaliseAnswer(answer) }));
    return [{ name: "vizwiz_results.json", content: `${JSON.stringify(list)}\n` }];
  },
});
