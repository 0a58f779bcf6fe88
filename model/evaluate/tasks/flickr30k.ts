import { basename } from "node:path";
import { captionTask } from "./captions.ts";

/** Flickr30K, Karpathy's test split (1,000 pictures). A picture's id is its file name up to the first dot. */
export const flickr30k = captionTask({
  name: "flickr30k",
  title: "Flickr30K captions",
  layout: "dataset_flickr30k.json (Karpathy), dataset_flickr30k_coco_style.json (optional), flickr30k-images/",
  karpathy: "dataset_flickr30k.json",
  references: ["dataset_flickr30k_coco_style.json"],
  idOf: ({ image }) => basename(image).split(".")[0],
  pathOf: ({ image }) => `flickr30k-images/${basename(image)}`,
  submission: "captions_flickr30k_infimm_results.json",
});
