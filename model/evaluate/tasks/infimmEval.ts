import { FileFormatError } from "../../../core/errors.ts";
import { byId, jsonEntries, textsById } from "../data/entries.ts";
import { oneOf } from "../data/pictures.ts";
import { type InfimmEvalScored, infimmEvalTotals } from "../metrics/infimmEval.ts";
import type { Task } from "../task.ts";
import { gradesOf } from "./graded.ts";
import { answersById, greedy, userTurn } from "./shared.ts";

const JUDGE_PROMPT =
  "Grade an answer to a reasoning question about pictures from 0.0 to 1.0: whether its conclusion agrees with the " +
  "reference answer, and, where there are reference steps, how many of them it takes. Reply with the grade alone.";

/** InfiMM-Eval (CORE-MM): 279 reasoning questions, several pictures each, graded by a judge. */
export const infimmEval: Task = {
  name: "infimm-eval",
  title: "InfiMM-Eval",
  layout: "questions.json (list: id, question, images, reasoning_type, complexity, answer, steps), images/",
  defaults: { prompts: "chat" },
  takes: ["judge", "judgePrompt"],
  async load(folder) {
    const file = oneOf(folder, "questions.json", "core-mm.json");
    const entries = byId(await jsonEntries(file), (entry) => (entry.has("id") ? entry.id("id") : entry.key));
    const records = [...entries].map(([id, entry]) => {
      const images = entry.texts("images");
      if (images.length === 0) throw new FileFormatError(`${entry.where}, id ${id}: its list of images is empty`);
      const complexity = entry.text("complexity").toLowerCase();
      if (complexity !== "moderate" && complexity !== "high") {
        throw new FileFormatError(`${entry.where}: complexity must be moderate or high, got ${complexity}`);
      }
      return {
        id,
        pictures: images.map((name) => ({ path: `images/${name}` })),
        question: entry.text("question"),
        reference: {
          complexity,
          reasoning: entry.text("reasoning_type").toLowerCase(),
          answer: entry.string("answer"),
          steps: entry.has("steps") ? entry.list("steps") : [],
        },
      };
    });
    return { records, files: [file] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, question),
  generation: greedy(256),
  clean: (raw) => raw.trim(),
  async score(items, { judge, judgePrompt = JUDGE_PROMPT }) {
    const prompts = items.map(({ question, answer, reference }) => {
      const steps = (reference.steps as unknown[]).map((step, i) => `${i + 1}. ${String(step)}`).join("\n");
      return `${judgePrompt}\nQuestion: ${question}\nReference answer: ${reference.answer}\n${steps ? `Reference steps:\n${steps}\n` : ""}Answer: ${answer}\nGrade:`;
    });
    const grades = await gradesOf(judge, prompts);
    const scored = items.map(({ reference }, i): InfimmEvalScored => {
      const { complexity, reasoning } = reference as { complexity: "moderate" | "high"; reasoning: string };
      return { complexity, reasoning, score: grades[i] };
    });
    const totals = infimmEvalTotals(scored);
    return {
      metrics: { overall: totals.overall },
      tables: { "per reasoning": totals.perReasoning, "per complexity": totals.perComplexity },
      items: Object.fromEntries(items.map(({ id }, i) => [id, { score: grades[i], rule: `judge ${judge.name}` }])),
      units: { overall: scored.map((one) => ({ value: one.score * 100, weight: one.complexity === "high" ? 2 : 1 })) },
      notes: [`Graded by judge ${judge.name}; questions of high complexity count twice.`],
    };
  },
  submissions: async (items) =>
    answersById("infimm_eval_predictions.json", Object.fromEntries(items.map(({ id, answer }) => [id, answer]))),
  predictions: textsById,
};
