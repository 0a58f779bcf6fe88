import { join } from "node:path";
import type { LeftOut, Records } from "../documents.ts";
import { bad, Fields, listed } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { DESCRIBE, taskDocument } from "./tasks.ts";

/** A picture of COCO or Flickr30K with its captions, as Karpathy's `dataset_coco.json` has it. */
export interface KarpathyImage {
  readonly id: string;
  /** "train", "restval", "val" or "test" */
  readonly split: string;
  /** Path below the folder of pictures. */
  readonly image: string;
  readonly captions: readonly string[];
}

/** A picture and one of its captions. */
export interface Caption {
  readonly id: string;
  readonly imageId: string;
  readonly image: string;
  readonly caption: string;
}

/** `{images: [{filepath, filename, cocoid, split, sentences: [{raw}]}]}` */
export async function readKarpathy(path: string): Promise<(KarpathyImage | LeftOut)[]> {
  return parsedElements(path, "images", (value, _, where): KarpathyImage => {
    const fields = new Fields(value, where);
    const captions = fields.objects("sentences").map((sentence) => sentence.string("raw"));
    if (captions.length === 0) bad("no caption", `${where}: its list of sentences is empty`);
    const id = fields.has("cocoid") ? fields.id("cocoid") : fields.id("imgid");
    const image = join(fields.optionalText("filepath") ?? "", fields.text("filename"));
    return { id, split: fields.text("split"), image, captions };
  });
}

/** `{images: [{id, file_name}], annotations: [{id, image_id, caption}]}`, as of COCO and VizWiz. */
export async function readCaptions(path: string): Promise<(Caption | LeftOut)[]> {
  const images = new Map<string, string>();
  await parsedElements(path, "images", (value, _, where) => {
    const fields = new Fields(value, where);
    images.set(fields.id("id"), fields.text("file_name"));
    return {};
  });
  return parsedElements(path, "annotations", (value, key, where): Caption => {
    const fields = new Fields(value, where);
    const imageId = fields.id("image_id");
    const image = images.get(imageId) ?? bad("no such picture", `${where}: there is no image ${imageId}`);
    if (fields.value["is_rejected"] === true) bad("rejected caption", where);
    if (fields.value["is_precanned"] === true) bad("precanned caption", where);
    return { id: fields.has("id") ? fields.id("id") : key, imageId, image, caption: fields.text("caption") };
  });
}

/** Karpathy's split of COCO for training: one document a caption. */
export async function karpathyRecords(
  path: string,
  { images, source = "coco", splits = ["train", "restval"] }: { images: string; source?: string; splits?: string[] },
): Promise<Records> {
  const found = await readKarpathy(path);
  const captions = found.flatMap((one): (Caption | LeftOut)[] => {
    if ("leftOut" in one) return [one];
    const { id, image } = one;
    if (!splits.includes(one.split)) return [];
    return one.captions.map((caption, i): Caption | LeftOut => {
      if (caption.trim() === "")
        return { leftOut: "raw not usable", detail: `${path}: caption ${i} of ${id} is empty` };
      return { id: `${id}.${i}`, imageId: id, image, caption };
    });
  });
  return captionTasks(source, images, captions);
}

export async function captionRecords(
  path: string,
  { images, source = "captions" }: { images: string; source?: string },
): Promise<Records> {
  return captionTasks(source, images, await readCaptions(path));
}

/** Captions as tasks: "Please describe the image." */
export function captionTasks(source: string, images: string, captions: readonly (Caption | LeftOut)[]): Records {
  return listed(source, captions, ({ id, image, caption }) =>
    taskDocument({ id, source, path: join(images, image), question: DESCRIBE, answer: caption }),
  );
}
