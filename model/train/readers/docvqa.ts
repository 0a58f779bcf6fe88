import type { LeftOut, Records } from "../documents.ts";
import { bad, Fields } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { SHORT_ANSWER } from "./tasks.ts";
import { questionTasks, type VqaQuestion } from "./vqa.ts";

/** `{data: [{questionId, question, image, answers}]}` of `train_v1.0.json`; `image` is "documents/….png". */
export async function readDocVqa(path: string): Promise<(VqaQuestion | LeftOut)[]> {
  return parsedElements(path, "data", (value, _, where): VqaQuestion => {
    const fields = new Fields(value, where);
    const question = {
      questionId: fields.id("questionId"),
      image: fields.text("image"),
      question: fields.text("question"),
    };
    if (!fields.has("answers")) return { ...question, answers: [] };
    const answers = fields.texts("answers");
    return { ...question, answers, answer: answers[0] ?? bad("no answer", `${where}: its list of answers is empty`) };
  });
}

/** The first answer is learnt. */
export async function docVqaRecords(
  path: string,
  { images, source = "docvqa" }: { images: string; source?: string },
): Promise<Records> {
  return questionTasks(source, images, await readDocVqa(path), SHORT_ANSWER);
}
