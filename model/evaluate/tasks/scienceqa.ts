import { join } from "node:path";
import { FileFormatError } from "../../../core/errors.ts";
import { jsonEntries, jsonlEntries, listField, readJsonValue, textField } from "../data/entries.ts";
import { firstOf, oneOf } from "../data/pictures.ts";
import { scienceQaLetter, scienceQaRightByLmms } from "../metrics/scienceQa.ts";
import type { EvalRecord, ItemScore, Task } from "../task.ts";
import { accuracyScore, greedy, LETTER_INSTRUCTION, letterOf, optionLines, userTurn } from "./shared.ts";

/** ScienceQA, the test questions with a picture (2,017 of 4,241). A letter is read by LLaVA's rule. */
export const scienceqa: Task = {
  name: "scienceqa",
  title: "ScienceQA-Img",
  layout: "problems.json, pid_splits.json, images/test/<id>/image.png (or test/<id>/image.png)",
  defaults: { prompts: "chat", split: "test" },
  async load(folder, { split }) {
    const [problems, splits] = [oneOf(folder, "problems.json"), oneOf(folder, "pid_splits.json")];
    const ids = ((await readJsonValue(splits)) as Record<string, unknown>)[split];
    if (!Array.isArray(ids)) throw new FileFormatError(`${splits}: expected a list under "${split}"`);
    const entries = new Map((await jsonEntries(problems)).map((entry) => [entry.key, entry]));
    const root = firstOf(folder, `images/${split}`) ?? split;
    const records = ids.flatMap((given): EvalRecord[] => {
      const id = String(given);
      const entry = entries.get(id);
      if (!entry) throw new FileFormatError(`${splits}, ${split}: there is no problem ${id} in ${problems}`);
      const { image, answer } = entry.value;
      if (typeof image !== "string" || image === "") return [];
      const choices = listField(entry, "choices").map(String);
      const hint = textField({ ...entry, value: { hint: "", ...entry.value } }, "hint");
      const question = `${hint ? `Context: ${hint}\n` : ""}${textField(entry, "question")}\n${optionLines(choices)}`;
      return [{ id, pictures: [{ path: `${root}/${id}/${image}` }], question, reference: { choices, answer } }];
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
    const entries = await jsonlEntries(join(path));
    return new Map(entries.map((entry) => [textField(entry, "question_id"), textField(entry, "text")]));
  },
};
