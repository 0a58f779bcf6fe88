import { join } from "node:path";
import type { LeftOut } from "../../train/documents.ts";
import { everyRecord } from "../../train/readers/fields.ts";
import { readVqa, type VqaAnswer, type VqaQuestion } from "../../train/readers/vqa.ts";
import { vqaPrompt } from "../basePrompts.ts";
import { firstOf, oneOf } from "../data/pictures.ts";
import { type VqaDefinition, vqaAccuracy, VQA_DEFINITIONS, vqaTotals } from "../metrics/vqaAccuracy.ts";
import { cleanVqa } from "../metrics/vqaClean.ts";
import type {
  EvalRecord,
  Item,
  ScoreOptions,
  Submission,
  SubmissionContext,
  Task,
  TaskData,
  TaskScore,
} from "../task.ts";
import { SHORT_INSTRUCTION, userTurn } from "./shared.ts";

/** What sets a benchmark of VQA's form apart. */
export interface VqaSource {
  readonly name: string;
  readonly title: string;
  readonly layout: string;
  readonly split: string;
  readonly trainSplit: string;
  questions(split: string): readonly string[];
  annotations(split: string): readonly string[];
  /** The data set's own file, where that has another form. */
  readonly own?: { names(split: string): readonly string[]; read(path: string): Promise<(VqaQuestion | LeftOut)[]> };
  pathOf(split: string, imageId: string): string;
  readonly instruction?: string;
  /** What becomes of an answer after the common cleaning. */
  readonly stem?: (answer: string) => string;
  readonly notes?: readonly string[];
  submissions?(items: readonly Item[], context: SubmissionContext): Promise<readonly Submission[]>;
}

/** A benchmark in VQA's files: questions, ten answers each, demonstrations from train, as OpenFlamingo runs it. */
export function vqaTask(source: VqaSource): Task {
  const stem = source.stem ?? ((answer: string) => answer);
  return {
    name: source.name,
    title: source.title,
    layout: source.layout,
    defaults: { prompts: "base", beams: 3, split: source.split },
    takes: ["split", "definition"],
    definitions: VQA_DEFINITIONS,
    async load(folder, { split }) {
      const { records, files } = await loadSplit(source, folder, split);
      const hasTrain = firstOf(folder, ...namesOf(source, source.trainSplit)) !== undefined;
      const train = hasTrain ? await loadSplit(source, folder, source.trainSplit) : undefined;
      return { records, train: train?.records, files: [...files, ...(train?.files ?? [])] };
    },
    ask({ question }, [picture], demos, { prompts }) {
      if (prompts === "chat") return userTurn([picture], `${question}\n${source.instruction ?? SHORT_INSTRUCTION}`);
      return vqaPrompt(
        picture,
        question,
        demos.map(({ record, pictures }) => {
          return { image: pictures[0], question: record.question, answer: record.demo ?? "" };
        }),
      );
    },
    generation: ({ prompts, beams }) =>
      prompts === "base" ? { maxNewTokens: 5, beams, lengthPenalty: 0 } : { maxNewTokens: 16, beams },
    clean: (raw) => stem(cleanVqa(raw)),
    score: async (items, options) => score(source, items, options),
    submissions: async (items, context) =>
      (await source.submissions?.(items, context)) ?? [vqaResults(source.name, items)],
  };
}

/** `[{question_id, answer}]` */
export function vqaResults(name: string, items: readonly Item[]): Submission {
  const list = items.map(({ id, answer }) => ({ question_id: /^\d+$/.test(id) ? Number(id) : id, answer }));
  return { name: `${name}_results.json`, content: `${JSON.stringify(list)}\n` };
}

function namesOf({ questions, own }: VqaSource, split: string): readonly string[] {
  return [...questions(split), ...(own?.names(split) ?? [])];
}

async function loadSplit(source: VqaSource, folder: string, split: string): Promise<TaskData> {
  const file = oneOf(folder, ...namesOf(source, split));
  const isOwn = source.own?.names(split).some((name) => file === join(folder, name));
  const given = isOwn ? undefined : firstOf(folder, ...source.annotations(split));
  const annotations = given && join(folder, given);
  const questions = source.own && isOwn ? await source.own.read(file) : await readVqa(file, annotations);
  const records = everyRecord(questions, (one) => one.questionId).map((one): EvalRecord => {
    const { questionId, imageId = "", question, people, questionType, answerType } = one;
    return {
      id: questionId,
      pictures: [{ path: source.pathOf(split, imageId) }],
      question,
      demo: people?.[0]?.answer,
      reference: { answers: people, question_type: questionType, answer_type: answerType, image: imageId },
    };
  });
  return { records, files: annotations ? [file, annotations] : [file] };
}

function score(source: VqaSource, items: readonly Item[], { definition }: ScoreOptions): TaskScore {
  const scored = items.filter(({ reference }) => Array.isArray(reference.answers));
  const chosen = (definition ?? "open_flamingo") as VqaDefinition;
  const answers = ({ reference }: Item) => reference.answers as readonly VqaAnswer[];
  const by = (which: VqaDefinition) =>
    scored.map((item) => ({
      accuracy: vqaAccuracy(item.answer, answers(item), which),
      questionType: item.reference.question_type as string | undefined,
      answerType: item.reference.answer_type as string | undefined,
    }));
  const mine = by(chosen);
  const notes = [...(source.notes ?? []), `Accuracy as ${chosen} defines it.`];
  if (scored.length === 0) {
    return {
      metrics: {},
      tables: {},
      items: Object.fromEntries(items.map(({ id }) => [id, { score: null }])),
      units: {},
      notes: [...notes, "The data has no answers: hand in the submission file."],
    };
  }
  const totals = vqaTotals(mine);
  const metrics: Record<string, number> = { accuracy: totals.overall };
  const hasTens = scored.every((item) => answers(item).length === 10);
  for (const other of VQA_DEFINITIONS) {
    if (other === chosen || (other === "evalai" && !hasTens)) continue;
    const { overall } = vqaTotals(by(other));
    if (overall !== totals.overall) metrics[`accuracy (${other})`] = overall;
  }
  return {
    metrics,
    tables: { "per answer type": totals.perAnswerType, "per question type": totals.perQuestionType },
    items: Object.fromEntries(
      items.map((item) => {
        const at = scored.indexOf(item);
        return [item.id, at < 0 ? { score: null } : { score: mine[at].accuracy, rule: chosen }];
      }),
    ),
    units: { accuracy: mine.map(({ accuracy }) => ({ value: accuracy * 100 })) },
    notes,
  };
}
