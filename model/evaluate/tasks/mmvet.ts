import { byId, jsonEntries, textsById } from "../data/entries.ts";
import { oneOf } from "../data/pictures.ts";
import { mmVetTotals } from "../metrics/mmVet.ts";
import type { Task } from "../task.ts";
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
  async score(items, { judge, judgePrompt = JUDGE_PROMPT }) {
    const prompts = items.map(({ question, answer, reference }) => {
      const truth = (reference.answer as string).replaceAll("<AND>", " <AND> ").replaceAll("<OR>", " <OR> ");
      return `${judgePrompt}\n${[question, truth, answer, ""].join(" | ")}`;
    });
    const grades = await gradesOf(judge, prompts);
    const totals = mmVetTotals(
      Object.fromEntries(items.map(({ id, reference }) => [id, reference.capability as string[]])),
      Object.fromEntries(items.map(({ id }, i) => [id, { score: [grades[i]] }])),
    );
    return {
      metrics: { total: totals.total },
      tables: { "per capability": totals.perCapability, "per set of capabilities": totals.perCapabilitySet },
      items: Object.fromEntries(items.map(({ id }, i) => [id, { score: grades[i], rule: `judge ${judge.name}` }])),
      units: { total: grades.map((value) => ({ value: value * 100 })) },
      notes: [`Graded by judge ${judge.name}; the published numbers by gpt-4-0613 with its authors' prompt.`],
    };
  },
  submissions: async (items) =>
    answersById("mmvet_predictions.json", Object.fromEntries(items.map(({ id, answer }) => [id, answer]))),
  predictions: textsById,
};
