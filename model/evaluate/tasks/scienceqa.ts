import { everyRecord } from "../../train/readers/fields.ts";
import { readScienceQa, type ScienceQuestion } from "../../train/readers/scienceqa.ts";
import { byId, jsonlEntries } from "../data/entries.ts";
import { firstOf, oneOf } from "../data/pictures.ts";
import { scienceQaLetter, scienceQaRightByLmms } from "../metrics/scienceQa.ts";
import type { EvalRecord, ItemScore, Task } from "../task.ts";
import { accuracyScore, greedy, LETTER_INSTRUCTION, letterOf, optionLines, userTurn } from "./shared.ts";

type Written = Pick<ScienceQuestion, "hint" | "question" | "choices">;

/** As lmms-eval and LLaVA's later files write it: no line for a hint that is not there, an option a line. */
function usualQuestion({ hint, question, choices }: Written): string {
  return `${hint ? `Context: ${hint}\n` : ""}${question}\n${optionLines(choices)}`;
}

/** As LLaVA's older files do (CQM-A): the context first, "N/A" where there is none, options in one line. */
function llavaQuestion({ hint, question, choices }: Written): string {
  const options = choices.map((choice, i) => `(${letterOf(i)}) ${choice}`).join(" ");
  return `Context: ${hint.trim() || "N/A"}\nQuestion: ${question}\nOptions: ${options}`;
}

/** ScienceQA, the test questions with a picture (2,017 of 4,241). A letter is read by LLaVA's rule. */
export const scienceqa: Task = {
  name: "scienceqa",
  title: "ScienceQA-Img",
  layout: "problems.json, pid_splits.json, images/test/<id>/image.png (or test/<id>/image.png)",
  defaults: { prompts: "chat", split: "test" },
  takes: ["split", "promptForm"],
  promptForms: ["llava"],
  async load(folder, { split, promptForm }) {
    const write = promptForm === "llava" ? llavaQuestion : usualQuestion;
    const [problems, splits] = [oneOf(folder, "problems.json"), oneOf(folder, "pid_splits.json")];
    const root = firstOf(folder, `images/${split}`) ? "images/" : "";
    const found = everyRecord(await readScienceQa(problems, splits, split), (one) => one.id);
    const records = found.flatMap(({ id, question: asked, choices, answer, hint, image }): EvalRecord[] => {
      if (image === undefined) return [];
      const question = write({ hint, question: asked, choices });
      return [{ id, pictures: [{ path: root + image }], question, reference: { choices, answer } }];
    });
    return { records, files: [problems, splits] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, `${question}\n${LETTER_INSTRUCTION}`),
  generation: greedy(16),
  clean: (raw) => raw,
  async score(items) {
    let lmms = 0;
    const verdicts = items.map(({ id, answer, reference }): [string, ItemScore] => {
      const gold = letterOf(reference.answer as number);
      const { letter, rule } = scienceQaLetter(answer, (reference.choices as unknown[]).length);
      if (scienceQaRightByLmms(answer, gold)) lmms++;
      return [id, { score: letter === gold ? 1 : 0, rule }];
    });
    const found = accuracyScore(items, new Map(verdicts));
    const byLmms = (lmms / items.length) * 100;
    if (byLmms === found.metrics.accuracy) return found;
    return { ...found, metrics: { ...found.metrics, "accuracy (lmms-eval's rule)": byLmms } };
  },
  async submissions(items) {
    const lines = items.map(({ id, raw, prompt }) => JSON.stringify({ question_id: id, prompt, text: raw }));
    return [{ name: "scienceqa_answers.jsonl", content: `${lines.join("\n")}\n` }];
  },
  async predictions(path) {
    const entries = byId(await jsonlEntries(path), (entry) => entry.id("question_id"));
    return new Map([...entries].map(([id, entry]) => [id, entry.string("text")]));
  },
};
