import { join } from "node:path";
import { readJson } from "../../files/readFile.ts";
import { isLeftOut, type LeftOut, type Records } from "../documents.ts";
import { bad, Fields, listed, parsed, standing } from "./fields.ts";
import { jsonElements, placeOf } from "./json.ts";
import { OPTION_LETTER, taskDocument } from "./tasks.ts";

/** A question with choices. */
export interface ScienceQuestion {
  readonly id: string;
  readonly split: string;
  readonly question: string;
  readonly choices: readonly string[];
  /** Index of the right choice. */
  readonly answer: number;
  /** What goes before the question; "" if there is nothing. */
  readonly hint: string;
  /** Path below the folder of pictures; undefined for questions without one. */
  readonly image?: string;
}

/** `problems.json` `{id: {question, choices, answer, hint, image}}`, and `pid_splits.json` `{train: [id]}`. */
export async function readScienceQa(
  problems: string,
  splits: string,
  split = "train",
): Promise<(ScienceQuestion | LeftOut)[]> {
  const found = new Map<string, Fields | LeftOut>();
  for await (const element of jsonElements(problems)) {
    const { key, value } = element;
    found.set(
      key,
      parsed(() => new Fields(value, placeOf(problems, element))),
    );
  }
  const wanted = (await readJson(splits, "splits"))[split];
  if (!Array.isArray(wanted)) return [{ leftOut: "no such split", detail: `${splits} has no split ${split}` }];
  const questions: (ScienceQuestion | LeftOut)[] = [];
  for await (const element of jsonElements(splits, split)) {
    const [id, where] = [String(element.value), placeOf(splits, element, split)];
    const question = () => {
      const problem = found.get(id);
      if (!problem) bad("no such problem", `${where}: there is no problem ${id} in ${problems}`);
      if (isLeftOut(problem)) bad(problem.leftOut, problem.detail);
      return standing(questionOf(problem, id, split), where);
    };
    questions.push(parsed(question));
  }
  return questions;
}

function questionOf(fields: Fields, id: string, split: string): ScienceQuestion {
  const choices = fields.texts("choices");
  const answer = fields.number("answer");
  if (choices.length === 0 || !(answer in choices)) {
    bad("answer is no choice", `${fields.where}: answer ${answer} of ${choices.length} choices`);
  }
  const name = fields.optionalText("image");
  return {
    id,
    split,
    question: fields.text("question"),
    choices,
    answer,
    hint: fields.has("hint") ? fields.string("hint") : "",
    image: name === undefined ? undefined : join(split, id, name),
  };
}

/** "A", "B", … */
export function optionLetter(index: number): string {
  return String.fromCharCode(65 + index);
}

/** [hint] question, a choice a line, and the instruction. */
export function scienceQuestion({ hint, question, choices }: ScienceQuestion): string {
  const options = choices.map((choice, i) => `${optionLetter(i)}. ${choice}`);
  return [...(hint.trim() === "" ? [] : [hint.trim()]), question.trim(), ...options, OPTION_LETTER].join("\n");
}

/** Questions of a split that have a picture; the letter of the answer is learnt. */
export async function scienceQaRecords(
  problems: string,
  options: { splits: string; images: string; source?: string; split?: string },
): Promise<Records> {
  const { splits, images, source = "scienceqa", split = "train" } = options;
  const found = await readScienceQa(problems, splits, split);
  const pictured = found.filter((one) => "leftOut" in one || one.image !== undefined);
  return listed(source, pictured, (question) => {
    const path = join(images, question.image!);
    const answer = optionLetter(question.answer);
    return taskDocument({ id: question.id, source, path, question: scienceQuestion(question), answer });
  });
}
