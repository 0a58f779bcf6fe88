import { join } from "node:path";
import { isLeftOut, type LeftOut, type Records } from "../documents.ts";
import { bad, Fields, listed, parsed } from "./fields.ts";
import { parsedElements } from "./json.ts";
import { asked, mostFrequent, SHORT_ANSWER, taskDocument } from "./tasks.ts";

/** One of the people's answers, with whatever else the file says of it (confidence, id). */
export interface VqaAnswer {
  readonly answer: string;
  readonly [field: string]: unknown;
}

/** A question about a picture, with what people answered: VQAv2, OK-VQA, and others in their layout. */
export interface VqaQuestion {
  readonly questionId: string;
  /** Path below the folder of pictures. */
  readonly image: string;
  /** What the file itself calls the picture. */
  readonly imageId?: string;
  readonly question: string;
  /** As they stand in the annotations, ten as a rule; none for test splits. */
  readonly answers: readonly string[];
  /** The same, with all that is said of each. */
  readonly people?: readonly VqaAnswer[];
  /** The one to learn: `multiple_choice_answer`, or the most frequent. */
  readonly answer?: string;
  readonly questionType?: string;
  readonly answerType?: string;
}

type Annotation = Pick<VqaQuestion, "answers" | "people" | "answer" | "questionType" | "answerType">;

/**
 * `{questions: [{image_id, question, question_id}]}` and `{annotations: [{question_id, answers: [{answer}]}]}`.
 *
 * @param annotations without them the questions have no answers
 * @param subtype of COCO's pictures. Default: what the name of the file of questions says, else "train2014"
 */
export async function readVqa(
  questions: string,
  annotations?: string,
  subtype = subtypeIn(questions),
): Promise<(VqaQuestion | LeftOut)[]> {
  const answered = annotations === undefined ? undefined : await readAnnotations(annotations);
  const places = new Map<string, string>();
  return parsedElements(questions, "questions", (value, _, where): VqaQuestion => {
    const questionId = new Fields(value, where).id("question_id");
    const fields = new Fields(value, `${where}, question_id ${questionId}`);
    const before = places.get(questionId);
    if (before !== undefined) bad("question twice", `${where}: question_id ${questionId} was there before, at ${before}`); // biome-ignore format: one line
    places.set(questionId, where);
    const image = imageFile(fields, subtype);
    const question = { questionId, image, imageId: fields.id("image_id"), question: fields.text("question") };
    if (!answered) return { ...question, answers: [] };
    const annotation = answered.get(questionId);
    if (!annotation) bad("no annotation", `${where}: question_id ${questionId} has no annotation in ${annotations}`);
    if (isLeftOut(annotation)) bad(annotation.leftOut, annotation.detail);
    return { ...question, ...annotation };
  });
}

/** By the question's id; an annotation that cannot be used is why its question cannot. */
async function readAnnotations(path: string): Promise<Map<string, Annotation | LeftOut>> {
  const found = new Map<string, Annotation | LeftOut>();
  await parsedElements(path, "annotations", (value, _, where) => {
    const id = new Fields(value, where).id("question_id");
    const fields = new Fields(value, `${where}, question_id ${id}`);
    const twice = { leftOut: "annotated twice", detail: `${where}: question_id ${id} has two annotations` };
    found.set(id, found.has(id) ? twice : parsed(() => annotationOf(fields)));
    return {};
  });
  return found;
}

function annotationOf(fields: Fields): Annotation {
  const people = fields.objects("answers").map((one) => ({ ...one.value, answer: one.string("answer") }));
  const answers = people.map(({ answer }) => answer);
  return {
    answers,
    people,
    answer: fields.optionalText("multiple_choice_answer") ?? (answers.length > 0 ? mostFrequent(answers) : undefined),
    questionType: fields.optionalText("question_type"),
    answerType: fields.optionalText("answer_type"),
  };
}

function subtypeIn(path: string): string {
  return path.match(/(train|val|test)20\d\d/)?.[0] ?? "train2014";
}

/** COCO's name for a number; a name of a file as it is, `.jpg` where it has no ending. */
function imageFile(fields: Fields, subtype: string): string {
  const id = fields.id("image_id");
  if (typeof fields.value["image_id"] === "string" && !/^\d+$/.test(id)) return /\.\w+$/.test(id) ? id : `${id}.jpg`;
  const number = id.padStart(12, "0");
  return /2014$/.test(subtype) ? `COCO_${subtype}_${number}.jpg` : `${number}.jpg`;
}

export interface VqaOptions {
  readonly annotations: string;
  /** Folder of the pictures. */
  readonly images: string;
  readonly source?: string;
  readonly subtype?: string;
  readonly instruction?: string;
}

/** One document a question. */
export async function vqaRecords(questions: string, options: VqaOptions): Promise<Records> {
  const { annotations, images, source = "vqa", subtype, instruction = SHORT_ANSWER } = options;
  return questionTasks(source, images, await readVqa(questions, annotations, subtype), instruction);
}

/** Questions as tasks, the instruction on a line of its own. */
export function questionTasks(
  source: string,
  images: string,
  questions: readonly (Pick<VqaQuestion, "questionId" | "image" | "question" | "answer"> | LeftOut)[],
  instruction: string,
): Records {
  return listed(source, questions, ({ questionId, image, question, answer = "" }) =>
    taskDocument({ id: questionId, source, path: join(images, image), question: asked(question, instruction), answer }),
  );
}
