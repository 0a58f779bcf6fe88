/** COCO's name of a picture: "val2014/COCO_val2014_000000000042.jpg". test-dev shares the pictures of test2015. */
export function cocoPicture(split: string, imageId: unknown): string {
  const folder = split.replace("test-dev2015", "test2015");
  return `${folder}/COCO_${folder}_${String(imageId).padStart(12, "0")}.jpg`;
}
