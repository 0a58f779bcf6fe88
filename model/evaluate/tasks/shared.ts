import type { GenerateOptions } from "../../generate/options.ts";
import type { PictureSource } from "../../processor/pictures/readPicture.ts";
import type { UnreadInput } from "../../processor/pictures/readPictures.ts";
import type { Item, ItemScore, Settings, Submission, TaskScore } from "../task.ts";

/** One turn of a user: the pictures, then the question. */
export function userTurn(pictures: readonly PictureSource[], question: string): UnreadInput {
  return [{ role: "user", content: [...pictures.map((image) => ({ image })), question] }];
}

/** Greedy answers of chat models. */
export function greedy(maxNewTokens: number): (settings: Settings) => GenerateOptions {
  return ({ beams }) => ({ maxNewTokens, beams });
}

export const LETTER_INSTRUCTION = "Answer with the option's letter from the given choices directly.";
export const SHORT_INSTRUCTION = "Answer the question using a single word or phrase.";

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** "A. red" lines. */
export function optionLines(options: readonly string[]): string {
  return options.map((option, i) => `${letterOf(i)}. ${option}`).join("\n");
}

/** A file of answers by the ids of their questions. */
export function answersById(name: string, answers: Readonly<Record<string, string>>): Submission[] {
  return [{ name, content: `${JSON.stringify(answers, null, 1)}\n` }];
}

/** What every question that is right or wrong gives: accuracy in percent, with its interval. */
export function accuracyScore(
  items: readonly Item[],
  verdicts: ReadonlyMap<string, ItemScore>,
  more: Partial<TaskScore> & { readonly name?: string } = {},
): TaskScore {
  const units = [...verdicts.values()].flatMap(({ score }) => (score === null ? [] : [{ value: score * 100 }]));
  const name = more.name ?? "accuracy";
  const accuracy = units.reduce((sum, { value }) => sum + value, 0) / units.length;
  return {
    metrics: units.length > 0 ? { [name]: accuracy, ...more.metrics } : {},
    tables: more.tables ?? {},
    items: Object.fromEntries(items.map(({ id }) => [id, verdicts.get(id) ?? { score: null }])),
    units: units.length > 0 ? { [name]: units, ...more.units } : {},
    notes: more.notes ?? [],
  };
}
