import { vqaTask } from "./vqa.ts";

/** VizWiz in the files of OpenFlamingo's repository; its server takes `[{image, answer}]`. */
export const vizwiz = vqaTask({
  name: "vizwiz",
  title: "VizWiz",
  layout: "{train,val}_questions_vqa_format.json, {train,val}_annotations_vqa_format.json, train/, val/",
  split: "val",
  trainSplit: "train",
  questions: (split) => [`${split}_questions_vqa_format.json`],
  annotations: (split) => [`${split}_annotations_vqa_format.json`],
  pathOf: (split, imageId) => `${split}/${imageId}`,
  instruction:
    "When the provided information is insufficient, respond with 'Unanswerable'. " +
    "Answer the question using a single word or phrase.",
  notes: ["Answers without ids that are equal are left out together, so that 4 of 10 equal ones give 60, not 100."],
  submissions(items) {
    const list = items.map(({ reference, answer }) => ({ image: reference.image, answer }));
    return [{ name: "vizwiz_results.json", content: `${JSON.stringify(list)}\n` }];
  },
});
