import { InfimmError } from "../../../core/errors.ts";
import type { VqaAnswer } from "../../train/readers/vqa.ts";
import { plainSum } from "../python/mean.ts";
import { round } from "../python/round.ts";
import { normaliseAnswer, normaliseEvalAi, oneLine } from "./vqaNormalise.ts";

/**
 * | definition | of | normalises | leaves out |
 * | --- | --- | --- | --- |
 * | `open_flamingo` | OpenFlamingo's harness, the card's | always | every record that is equal in all its fields |
 * | `official` | VQA's own evaluator | unless all people say the same, letter by letter | the same |
 * | `evalai` | mmf, LLaVA, TextVQA's server | always, in its own way | the one record, by its place |
 */
export type VqaDefinition = "open_flamingo" | "official" | "evalai";

export const VQA_DEFINITIONS: readonly VqaDefinition[] = ["open_flamingo", "official", "evalai"];

/**
 * One question's accuracy, 0 to 1: the mean over the people's answers of min(1, matches among the others / 3).
 * "Others" are those that differ as records: where they carry no ids (VizWiz), all that are equal are left out together,
 * so that 4 of 10 equal ones give 0.6 and not 1.
 */
export function vqaAccuracy(
  prediction: string,
  answers: readonly VqaAnswer[],
  definition: VqaDefinition = "open_flamingo",
): number {
  if (answers.length === 0) throw new InfimmError("VQA accuracy: a question has no answers to compare with");
  if (definition === "evalai") return evalAiAccuracy(prediction, answers);
  const given = answers.map((record) => ({ ...record, answer: oneLine(record.answer) }));
  const agreed = definition === "official" && new Set(given.map(({ answer }) => answer)).size === 1;
  const normalise = agreed ? (text: string) => text : normaliseAnswer;
  const mine = normalise(oneLine(prediction));
  const compared = given.map((record) => ({ ...record, answer: normalise(record.answer) }));
  const keys = compared.map(keyOf);
  const each = keys.map((key) => {
    const matches = compared.filter(({ answer }, i) => keys[i] !== key && answer === mine).length;
    return Math.min(1, matches / 3);
  });
  return plainSum(each) / each.length;
}

/** Two records are equal if all their fields are, whatever their order. */
function keyOf(record: VqaAnswer): string {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function evalAiAccuracy(prediction: string, answers: readonly VqaAnswer[]): number {
  if (answers.length !== 10) {
    throw new InfimmError(`VQA accuracy: definition evalai needs 10 answers to a question, got ${answers.length}`);
  }
  const mine = normaliseEvalAi(prediction);
  const matches = answers.map(({ answer }) => normaliseEvalAi(answer) === mine);
  const count = matches.filter(Boolean).length;
  if (count === 0) return 0;
  return plainSum(matches.map((match) => Math.min(1, (match ? count - 1 : count) / 3))) / answers.length;
}

export interface VqaScored {
  /** 0 to 1 */
  readonly accuracy: number;
  readonly questionType?: string;
  readonly answerType?: string;
}

/** Percent with two decimals: of all, and by the types that the annotations tell. */
export function vqaTotals(scored: readonly VqaScored[]) {
  const percent = (some: readonly VqaScored[]) =>
    round((100 * plainSum(some.map(({ accuracy }) => accuracy))) / some.length, 2);
  const by = (kind: (one: VqaScored) => string) => {
    const kinds = [...new Set(scored.map(kind))];
    return Object.fromEntries(kinds.map((name) => [name, percent(scored.filter((one) => kind(one) === name))]));
  };
  return {
    overall: percent(scored),
    perQuestionType: by(({ questionType }) => questionType ?? "other"),
    perAnswerType: by(({ answerType }) => answerType ?? "other"),
  };
}
