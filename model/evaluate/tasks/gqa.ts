import { everyRecord } from "../../train/readers/fields.ts";
import { readGqa } from "../../train/readers/gqa.ts";
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
  takes: ["split"],
  async load(folder, { split }) {
    const file = oneOf(folder, `${split}_balanced_questions.json`);
    const records = everyRecord(await readGqa(file), (one) => one.questionId).map(
      ({ questionId, image, question, answer }) => ({
        id: questionId,
        pictures: [{ path: `images/${image}` }],
        question,
        reference: { answer },
      }),
    );
    return { records, files: [file] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, `${question}\n${SHORT_INSTRUCTION}`),
  generation: greedy(16),
  clean: (raw) => raw.trim(),
  async score(items) {
    const verdicts = items.map(({ id, answer, reference }): [string, ItemScore] => {
      const { answer: gold } = reference as { answer?: string };
      const score = gold === undefined ? null : Number(gqaRight(answer, gold));
      return [id, { score, rule: "exact match" }];
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
