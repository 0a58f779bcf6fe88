import { strip } from "../python/text.ts";

const LETTERS = ["A", "B", "C", "D", "E"];

/** What became of an answer to a multiple-choice question. */
export interface Chosen {
  /** Undefined: none was found. */
  readonly letter?: string;
  /** Which rule found it, or that none did. */
  readonly rule: string;
}

/**
 * LLaVA's rule (eval_science_qa.py), on the text as it is: the letter alone; the letter, a full stop and a space; or
 * exactly one "The answer is X" with any one character after it, so that at the very end it does not count.
 */
export function scienceQaLetter(text: string, choices: number): Chosen {
  const found = stated(text);
  if (!found) return { rule: "failed" };
  return LETTERS.slice(0, choices).includes(found.letter) ? found : { rule: `${found.rule}, but no choice` };
}

function stated(text: string): { letter: string; rule: string } | undefined {
  if (LETTERS.includes(text)) return { letter: text, rule: "letter" };
  if (LETTERS.includes(text[0]) && text.slice(1, 3) === ". ") return { letter: text[0], rule: "letter, stop, space" };
  const answers = [...text.matchAll(/The answer is ([A-Z])[^\n]/gu)];
  return answers.length === 1 ? { letter: answers[0][1], rule: "The answer is" } : undefined;
}

/** lmms-eval's rule: the letter in any case, or a capital first character with a full stop after it. */
export function scienceQaRightByLmms(text: string, gold: string): boolean {
  const answer = strip(text);
  if (answer.toLowerCase() === gold.toLowerCase()) return true;
  return answer.length >= 2 && /^\p{Lu}/u.test(answer) && answer[1] === "." && answer[0] === gold;
}
