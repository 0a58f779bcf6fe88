import { readTextVqa } from "../../train/readers/textvqa.ts";
import { vqaTask } from "./vqa.ts";

/** TextVQA's validation set (5,000 questions), as it is given out or as OpenFlamingo's repository has it. No OCR tokens are given. */
export const textvqa = vqaTask({
  name: "textvqa",
  title: "TextVQA",
  layout:
    "TextVQA_0.5.1_{train,val}.json, or {train,val}_questions_vqa_format.json and " +
    "{train,val}_annotations_vqa_format.json; train_images/",
  split: "val",
  trainSplit: "train",
  questions: (split) => [`${split}_questions_vqa_format.json`],
  annotations: (split) => [`${split}_annotations_vqa_format.json`],
  own: { names: (split) => [`TextVQA_0.5.1_${split}.json`], read: readTextVqa },
  pathOf: (split, imageId) => `${split === "test" ? "test" : "train"}_images/${imageId}.jpg`,
});
