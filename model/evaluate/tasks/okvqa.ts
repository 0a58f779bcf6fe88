import { okvqaStem } from "../metrics/okvqaStem.ts";
import { cocoPicture } from "./cocoPicture.ts";
import { vqaTask } from "./vqa.ts";

/** OK-VQA on val2014. Answers are stemmed as the references are, which is approximate without NLTK's models. */
export const okvqa = vqaTask({
  name: "okvqa",
  title: "OK-VQA",
  layout:
    "OpenEnded_mscoco_{train2014,val2014}_questions.json, mscoco_{train2014,val2014}_annotations.json (v1.1), " +
    "train2014/, val2014/",
  split: "val2014",
  trainSplit: "train2014",
  questions: (split) => [`OpenEnded_mscoco_${split}_questions.json`],
  annotations: (split) => [`mscoco_${split}_annotations.json`],
  pathOf: cocoPicture,
  stem: okvqaStem,
  notes: ["Approximate: the official stemming asks NLTK's tagger and WordNet."],
});
