import { extname } from "node:path";
import type { LeftOut, Records } from "../documents.ts";
import { bad, Fields, parsed } from "./fields.ts";
import { jsonElements } from "./json.ts";
import { SHORT_ANSWER } from "./tasks.ts";
import { questionTasks, type VqaQuestion } from "./vqa.ts";

/** In `dataset.json`, `split` is a number. */
const SPLITS = { train: 1, validation: 2, test: 3 } as const;

/** `{id: {imageURL, questions, answers, split}}`: a question for each entry of the two lists. */
export async function readOcrVqa(
  path: string,
  split: keyof typeof SPLITS = "train",
): Promise<(VqaQuestion | LeftOut)[]> {
  const found: (VqaQuestion | LeftOut)[] = [];
  for await (const { key, value } of jsonElements(path)) {
    const questions = parsed(() => questionsOf(value, key, `${path}, ${key}`, SPLITS[split]));
    if ("leftOut" in questions) found.push(questions);
    else found.push(...questions);
  }
  return found;
}

function questionsOf(value: unknown, key: string, where: string, split: number): VqaQuestion[] {
  const fields = new Fields(value, where);
  if (fields.number("split") !== split) return [];
  const questions = fields.texts("questions");
  const answers = fields.texts("answers");
  if (questions.length !== answers.length) {
    bad("questions without answers", `${where}: ${questions.length} questions, ${answers.length} answers`);
  }
  const image = key + (extname(new URL(fields.text("imageURL"), "http://localhost").pathname) || ".jpg");
  return questions.map((question, i) => {
    return { questionId: `${key}.${i}`, image, question, answers: [answers[i]], answer: answers[i] };
  });
}

export async function ocrVqaRecords(
  path: string,
  { images, source = "ocrvqa" }: { images: string; source?: string },
): Promise<Records> {
  return questionTasks(source, images, await readOcrVqa(path), SHORT_ANSWER);
}
