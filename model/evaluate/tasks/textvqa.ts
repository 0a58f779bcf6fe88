import { vqaTask } from "./vqa.ts";

/** TextVQA's validation set (5,000 questions) in the files of OpenFlamingo's repository. No OCR tokens are given. */
export const textvqa = vqaTask({
  name: "textvqa",
  title: "TextVQA",
  layout: "{train,val}_questions_vqa_format.json, {train,val}_annotations_vqa_format.json, train_images/",
  split: "val",
  trainSplit: "train",
  questions: (split) => [`${split}_questions_vqa_format.json`],
  annotations: (split) => [`${split}_annotations_vqa_format.json`],
  pathOf: (split, imageId) => `${split === "test" ? "test" : "train"}_images/${imageId}.jpg`,
});
