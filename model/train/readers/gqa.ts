import type { LeftOut, Records } from "../documents.ts";
import { Fields } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { SHORT_ANSWER } from "./tasks.ts";
import { questionTasks, type VqaQuestion } from "./vqa.ts";

/** `{id: {imageId, question, answer}}` of `train_balanced_questions.json`; test splits have no answer. */
export async function readGqa(path: string): Promise<(VqaQuestion | LeftOut)[]> {
  return parsedElements(path, undefined, (value, questionId, where): VqaQuestion => {
    const fields = new Fields(value, where);
    const question = { questionId, image: `${fields.id("imageId")}.jpg`, question: fields.text("question") };
    if (!fields.has("answer")) return { ...question, answers: [] };
    const answer = fields.text("answer");
    return { ...question, answers: [answer], answer };
  });
}

export async function gqaRecords(
  path: string,
  { images, source = "gqa" }: { images: string; source?: string },
): Promise<Records> {
  return questionTasks(source, images, await readGqa(path), SHORT_ANSWER);
}
