import { textField } from "../data/entries.ts";
import { captionTask } from "./captions.ts";

/** Flickr30K, Karpathy's test split (1,000 pictures). A picture's id is its file name up to the first dot. */
export const flickr30k = captionTask({
  name: "flickr30k",
  title: "Flickr30K captions",
  layout: "dataset_flickr30k.json (Karpathy), dataset_flickr30k_coco_style.json (optional), flickr30k-images/",
  karpathy: "dataset_flickr30k.json",
  references: ["dataset_flickr30k_coco_style.json"],
  idOf: (entry) => textField(entry, "filename").split(".")[0],
  pathOf: (entry) => `flickr30k-images/${textField(entry, "filename")}`,
  submission: "captions_flickr30k_infimm_results.json",
});
