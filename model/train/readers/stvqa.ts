import type { LeftOut, Records } from "../documents.ts";
import { bad, Fields } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { SHORT_ANSWER } from "./tasks.ts";
import { questionTasks, type VqaQuestion } from "./vqa.ts";

/** `{data: [{file_path, question, answers}]}` of `train_task_3.json`. */
export async function readStVqa(path: string): Promise<(VqaQuestion | LeftOut)[]> {
  return parsedElements(path, "data", (value, key, where): VqaQuestion => {
    const fields = new Fields(value, where);
    const answers = fields.texts("answers");
    const answer = answers[0] ?? bad("no answer", `${where}: its list of answers is empty`);
    const questionId = fields.has("question_id") ? fields.id("question_id") : key;
    return { questionId, image: fields.text("file_path"), question: fields.text("question"), answers, answer };
  });
}

/** The first answer is learnt. */
export async function stVqaRecords(
  path: string,
  { images, source = "stvqa" }: { images: string; source?: string },
): Promise<Records> {
  return questionTasks(source, images, await readStVqa(path), SHORT_ANSWER);
}
