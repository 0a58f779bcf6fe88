import { jsonEntries, textField } from "../data/entries.ts";
import { oneOf } from "../data/pictures.ts";
import { gqaRight } from "../metrics/gqa.ts";
import type { ItemScore, Task } from "../task.ts";
import { accuracyScore, greedy, SHORT_INSTRUCTION, userTurn } from "./shared.ts";

/** GQA, balanced test-dev questions: exact match. */
export const gqa: Task = {
  name: "gqa",
  title: "GQA",
  layout: "testdev_balanced_questions.json, images/",
  defaults: { prompts: "chat", split: "testdev" },
  async load(folder, { split }) {
    const file = oneOf(folder, `${split}_balanced_questions.json`);
    const records = (await jsonEntries(file)).map((entry) => ({
      id: entry.key,
      pictures: [{ path: `images/${textField(entry, "imageId")}.jpg` }],
      question: textField(entry, "question"),
      reference: { answer: textField(entry, "answer") },
    }));
    return { records, files: [file] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, `${question}\n${SHORT_INSTRUCTION}`),
  generation: greedy(16),
  clean: (raw) => raw.trim(),
  async score(items) {
    const verdicts = items.map(({ id, answer, reference }): [string, ItemScore] => {
      return [id, { score: gqaRight(answer, reference.answer as string) ? 1 : 0, rule: "exact match" }];
    });
    return accuracyScore(items, new Map(verdicts));
  },
  async submissions(items) {
    const list = items.map(({ id, answer }) => ({
      questionId: id,
      prediction: answer.toLowerCase().replace(/\.$/, ""),
    }));
    return [{ name: "gqa_predictions.json", content: `${JSON.stringify(list)}\n` }];
  },
};
