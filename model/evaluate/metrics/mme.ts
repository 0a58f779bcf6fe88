import { strip } from "../python/text.ts";

export const MME_PERCEPTION = [
  "existence",
  "count",
  "position",
  "color",
  "posters",
  "celebrity",
  "scene",
  "landmark",
  "artwork",
  "OCR",
] as const;
export const MME_COGNITION = [
  "commonsense_reasoning",
  "numerical_calculation",
  "text_translation",
  "code_reasoning",
] as const;
export const MME_SUBTASKS: readonly string[] = [...MME_PERCEPTION, ...MME_COGNITION];

export type YesNo = "yes" | "no" | "other";

/**
 * How an answer is read.
 *
 * - `official`: MME's own calculation.py: lower case, not stripped; "yes" or "no" anywhere in the first four
 *   characters, so that "Not sure" and "None" are a no, and "The answer is yes" is neither
 * - `lmms`: lmms-eval: stripped, without full stops, and the letters y and n count
 * - `words`: VLMEvalKit: the word "yes" and not the word "no", or the reverse
 */
export type MmeDefinition = "official" | "lmms" | "words";
export const MME_DEFINITIONS: readonly MmeDefinition[] = ["official", "lmms", "words"];

export function mmeAnswer(text: string, definition: MmeDefinition = "official"): YesNo {
  return READERS[definition](text.toLowerCase());
}

const READERS: Record<MmeDefinition, (text: string) => YesNo> = {
  official: (text) => {
    const beginning = [...text].slice(0, 4).join("");
    return beginning.includes("yes") ? "yes" : beginning.includes("no") ? "no" : "other";
  },
  lmms: (text) => {
    const bare = strip(text).replaceAll(".", "");
    if (bare === "y" || bare === "n") return bare === "y" ? "yes" : "no";
    const beginning = [...bare].slice(0, 4).join("");
    return beginning.includes("yes") ? "yes" : beginning.includes("no") ? "no" : "other";
  },
  words: (text) => {
    const words = text.split(/[^\p{L}\p{N}_']+/u);
    const [yes, no] = [words.includes("yes"), words.includes("no")];
    return yes === no ? "other" : yes ? "yes" : "no";
  },
};

export interface MmeQuestion {
  readonly gold: "yes" | "no";
  readonly answer: YesNo;
}

export interface MmeSubtask {
  readonly score: number;
  readonly acc: number;
  readonly accPlus: number;
  readonly truePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
  readonly falsePositive: number;
  readonly precision: number;
  readonly recall: number;
  readonly other: number;
}

/** One subtask: acc of questions, acc+ of pictures with both right, and 100 times their sum. */
export function mmeSubtask(pictures: readonly (readonly MmeQuestion[])[]): MmeSubtask {
  const questions = pictures.flat();
  const count = (gold: string, answer: string) =>
    questions.filter((one) => one.gold === gold && one.answer === answer).length;
  const right = (some: readonly MmeQuestion[]) => some.filter(({ gold, answer }) => gold === answer).length;
  const [truePositive, falseNegative] = [count("yes", "yes"), count("yes", "no")];
  const [falsePositive, trueNegative] = [count("no", "yes"), count("no", "no")];
  const acc = right(questions) / questions.length;
  const accPlus = pictures.filter((pair) => pair.length === 2 && right(pair) === 2).length / pictures.length;
  const share = (some: number, all: number) => (all === 0 ? 0 : some / all);
  return {
    score: acc * 100 + accPlus * 100,
    acc,
    accPlus,
    truePositive,
    falseNegative,
    trueNegative,
    falsePositive,
    precision: share(truePositive, truePositive + falsePositive),
    recall: share(truePositive, truePositive + falseNegative),
    other: questions.filter(({ answer }) => answer === "other").length,
  };
}

/** The sums that the card gives as "P / C". */
export function mmeTotals(subtasks: Readonly<Record<string, MmeSubtask>>): { perception: number; cognition: number } {
  const sum = (names: readonly string[]) => names.reduce((total, name) => total + (subtasks[name]?.score ?? 0), 0);
  return { perception: sum(MME_PERCEPTION), cognition: sum(MME_COGNITION) };
}
