import type { LeftOut, Records } from "../documents.ts";
import { type Caption, captionTasks } from "./coco.ts";
import { Fields } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { mostFrequent, SHORT_ANSWER } from "./tasks.ts";
import { questionTasks, type VqaQuestion } from "./vqa.ts";

/** `{data: [{question_id, image_id, question, answers}]}`; test splits have no answers. */
export async function readTextVqa(path: string): Promise<(VqaQuestion | LeftOut)[]> {
  return parsedElements(path, "data", (value, _, where): VqaQuestion => {
    const fields = new Fields(value, where);
    const imageId = fields.id("image_id");
    const question = { questionId: fields.id("question_id"), image: `${imageId}.jpg`, imageId, question: fields.text("question") }; // biome-ignore format: one line
    if (!fields.has("answers")) return { ...question, answers: [] };
    const answers = fields.texts("answers");
    const people = answers.map((answer, i) => ({ answer, answer_id: i + 1 })); // ten people, whatever they say
    return { ...question, answers, people, answer: mostFrequent(answers) };
  });
}

export async function textVqaRecords(
  path: string,
  { images, source = "textvqa" }: { images: string; source?: string },
): Promise<Records> {
  return questionTasks(source, images, await readTextVqa(path), SHORT_ANSWER);
}

/** TextCaps: `{data: [{image_id, caption_str}]}`, on the same pictures. */
export async function readTextCaps(path: string): Promise<(Caption | LeftOut)[]> {
  return parsedElements(path, "data", (value, key, where): Caption => {
    const fields = new Fields(value, where);
    const imageId = fields.id("image_id");
    return { id: `${imageId}.${key}`, imageId, image: `${imageId}.jpg`, caption: fields.text("caption_str") };
  });
}

export async function textCapsRecords(
  path: string,
  { images, source = "textcaps" }: { images: string; source?: string },
): Promise<Records> {
  return captionTasks(source, images, await readTextCaps(path));
}
