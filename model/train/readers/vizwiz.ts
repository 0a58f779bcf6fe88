import type { LeftOut, Records } from "../documents.ts";
import { Fields } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { mostFrequent, VIZWIZ_ANSWER } from "./tasks.ts";
import { questionTasks, readVqa, type VqaQuestion } from "./vqa.ts";

/** `[{image, question, answers: [{answer, answer_confidence}], answer_type, answerable}]`; test splits have no answers. */
export async function readVizwiz(path: string): Promise<(VqaQuestion | LeftOut)[]> {
  return parsedElements(path, undefined, (value, _, where): VqaQuestion => {
    const fields = new Fields(value, where);
    const image = fields.text("image");
    const question = { questionId: image, image, imageId: image, question: fields.text("question") };
    if (!fields.has("answers")) return { ...question, answers: [] };
    const people = fields.objects("answers").map((one) => ({ ...one.value, answer: one.string("answer") }));
    const answers = people.map(({ answer }) => answer);
    return {
      ...question,
      answers,
      people,
      answer: mostFrequent(answers),
      answerType: fields.optionalText("answer_type"),
    };
  });
}

/** "unanswerable" is an answer like others. With `annotations`, the files are VQAv2-shaped, as OpenFlamingo's. */
export async function vizwizRecords(
  path: string,
  { images, annotations, source = "vizwiz" }: { images: string; annotations?: string; source?: string },
): Promise<Records> {
  const questions = annotations === undefined ? await readVizwiz(path) : await readVqa(path, annotations);
  return questionTasks(source, images, questions, VIZWIZ_ANSWER);
}
