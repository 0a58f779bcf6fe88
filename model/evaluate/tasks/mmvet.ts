import { byId, jsonEntries, textsById } from "../data/entries.ts";
import { oneOf } from "../data/pictures.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { type MmVetGrades, mmVetTotals } from "../metrics/mmVet.ts";
import { mean } from "../python/mean.ts";
import type { Item, Task, TaskScore } from "../task.ts";
import { gradesOf } from "./graded.ts";
import { answersById, greedy, userTurn } from "./shared.ts";

const JUDGE_PROMPT =
  "Grade a prediction against the ground truth, from 0.0 (wrong) to 1.0 (right) in steps of 0.1. Where the ground truth " +
  "has <AND>, all its parts must be there; where it has <OR>, one of them is enough. Complete the last cell only.\n\n" +
  "Question | Ground truth | Prediction | Correctness\n--- | --- | --- | ---";

/** MM-Vet: 218 open questions, graded by a judge. */
export const mmvet: Task = {
  name: "mmvet",
  title: "MM-Vet",
  layout: "mm-vet.json, images/",
  defaults: { prompts: "chat" },
  takes: ["judge", "judgePrompt", "grades"],
  async load(folder) {
    const file = oneOf(folder, "mm-vet.json");
    const entries = byId(await jsonEntries(file), ({ key }) => key);
    const records = [...entries].map(([id, entry]) => ({
      id,
      pictures: [{ path: `images/${entry.text("imagename")}` }],
      question: entry.text("question"),
      reference: { answer: entry.string("answer"), capability: entry.texts("capability") },
    }));
    return { records, files: [file] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, question),
  generation: greedy(256),
  clean: (raw) => raw.trim(),
  async score(items, { judge, judgePrompt = JUDGE_PROMPT, grades: path }) {
    if (path !== undefined) return scoreBy(items, await gradesIn(path), `grades of ${path}`, `Graded by ${path}.`);
    const prompts = items.map(({ question, answer, reference }) => {
      const truth = (reference.answer as string).replaceAll("<AND>", " <AND> ").replaceAll("<OR>", " <OR> ");
      return `${judgePrompt}\n${[question, truth, answer, ""].join(" | ")}`;
    });
    const grades = await gradesOf(judge, prompts);
    const byId = Object.fromEntries(items.map(({ id }, i) => [id, { score: [grades[i]] }]));
    const note = `Graded by judge ${judge.name}; the published numbers by gpt-4-0613 with its authors' prompt.`;
    return scoreBy(items, byId, `judge ${judge.name}`, note);
  },
  async submissions(items, { judge, score }) {
    const predictions = answersById(
      "mmvet_predictions.json",
      Object.fromEntries(items.map(({ id, answer }) => [id, answer])),
    );
    if (judge === "none") return predictions; // grades came from a file
    const grades = items.map(({ id }) => {
      const grade = score.items[id].score as number;
      return [id, { model: [judge], content: [String(grade)], score: [grade] }];
    });
    const content = `${JSON.stringify(Object.fromEntries(grades), null, 1)}\n`;
    return [...predictions, { name: "mmvet_grades.json", content }];
  },
  predictions: textsById,
};

function scoreBy(items: readonly Item[], grades: MmVetGrades, rule: string, note: string): TaskScore {
  const capabilities = Object.fromEntries(items.map(({ id, reference }) => [id, reference.capability as string[]]));
  const { total, std, runs, perCapability, perCapabilitySet } = mmVetTotals(capabilities, grades);
  const gradeOf = (id: string) => mean(grades[id].score);
  return {
    metrics: runs.length > 1 ? { total, "standard deviation over the grader's runs": std } : { total },
    tables: { "per capability": perCapability, "per set of capabilities": perCapabilitySet },
    items: Object.fromEntries(items.map(({ id }) => [id, { score: gradeOf(id), rule }])),
    units: { total: items.map(({ id }) => ({ value: gradeOf(id) * 100 })) },
    notes: [note],
  };
}

/** By id an object whose `score` lists a number for each run, with whatever else the grader writes. */
async function gradesIn(path: string): Promise<MmVetGrades> {
  const entries = byId(await jsonEntries(path), ({ key }) => key);
  return Object.fromEntries(
    [...entries].map(([id, entry]) => {
      const score = entry.list("score");
      const isGrade = (one: unknown): one is number => typeof one === "number" && one >= 0 && one <= 1;
      if (score.length > 0 && score.every(isGrade)) return [id, { score }];
      throw new FileFormatError(`${entry.where}: expected grades from 0 to 1 in score, got ${JSON.stringify(score)}`);
    }),
  );
}
