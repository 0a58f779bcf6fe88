import { captionTask } from "./captions.ts";

/** COCO captions, Karpathy's test split (5,000 pictures); demonstrations from his "train" alone, not "restval". */
export const coco = captionTask({
  name: "coco",
  title: "COCO captions",
  layout: "dataset_coco.json (Karpathy), captions_val2014.json (optional), train2014/, val2014/",
  karpathy: "dataset_coco.json",
  references: ["captions_val2014.json", "annotations/captions_val2014.json"],
  idOf: ({ id }) => id,
  pathOf: ({ image }) => image,
  submission: "captions_test_infimm_results.json",
});
