import { SPACE, splitWords } from "../python/text.ts";
import type { Chosen } from "./scienceQa.ts";

const REFUSALS = [
  "Sorry, I can't help with images of people yet.",
  "I can't process this file.",
  "I'm sorry, but without the image provided",
  "Cannot determine the answer",
];
const FAILED_CALL = "Failed to obtain answer via API";
const STATED = new RegExp(`(?:correct[${SPACE}]+)?answer[${SPACE}]+is[${SPACE}]+\\**([ABCD])\\**`, "iu");

/**
 * The letter that an answer means, by VLMEvalKit's rules (matching_util.py: can_infer): a letter as a word among the last
 * few, "answer is X", or the text of exactly one option. "Z": it refused. No letter: only a judge can tell.
 * @param options by letter
 */
export function mmbenchLetter(answer: string, options: Readonly<Record<string, string>>): Chosen {
  return byLetter(answer, Object.keys(options)) ?? byText(answer, options) ?? { rule: "undecided" };
}

function byLetter(answer: string, letters: readonly string[]): Chosen | undefined {
  if (answer.includes(FAILED_CALL)) return undefined;
  if (REFUSALS.some((refusal) => answer.includes(refusal))) return { letter: "Z", rule: "refusal" };
  const words = splitWords(answer.replace(/[.()[\],:;!*#{}]/g, " "));
  const said = letters.filter((letter) => words.includes(letter));
  if (said.length === 1 && words.indexOf(said[0]) > words.length - 5) return { letter: said[0], rule: "letter" };
  if (said.length === 0 && words.includes("Z")) return { letter: "Z", rule: "letter" };
  const letter = STATED.exec(answer)?.[1].toUpperCase();
  return letter !== undefined && letters.includes(letter) ? { letter, rule: "answer is" } : undefined;
}

function byText(answer: string, options: Readonly<Record<string, string>>): Chosen | undefined {
  const text = answer.toLowerCase();
  const length = Object.values(options).reduce((sum, option) => sum + [...option].length, 0);
  if ([...text].length > 2 * length) return undefined;
  const contained = Object.keys(options).filter((letter) => text.includes(options[letter].toLowerCase()));
  return contained.length === 1 ? { letter: contained[0], rule: "option text" } : undefined;
}

/** Rows from this index on are rotations of the question whose index is what remains. */
const ROTATION = 1_000_000;

export function mmbenchGroup(index: number): number {
  return index % ROTATION;
}

/** One row's verdict. */
export interface MmbenchRow {
  readonly index: number;
  readonly category: string;
  readonly l2Category: string;
  readonly right: boolean;
}

/** Accuracies from 0 to 1: of all, by category, by l2-category. */
export interface MmbenchAccuracy {
  readonly overall: number;
  readonly perCategory: Readonly<Record<string, number>>;
  readonly perL2Category: Readonly<Record<string, number>>;
}

/** Circular: a question is right if all its rotations are. Vanilla: its own row alone counts. */
export function mmbenchAccuracy(rows: readonly MmbenchRow[], circular: boolean): MmbenchAccuracy {
  const questions = [...grouped(rows).values()].map((group) => {
    const first = group.reduce((a, b) => (b.index < a.index ? b : a));
    return { ...first, right: circular ? group.every(({ right }) => right) : first.right };
  });
  const share = (some: readonly MmbenchRow[]) => some.filter(({ right }) => right).length / some.length;
  const by = (kind: (row: MmbenchRow) => string) => {
    const kinds = [...new Set(questions.map(kind))].sort();
    return Object.fromEntries(kinds.map((name) => [name, share(questions.filter((row) => kind(row) === name))]));
  };
  return {
    overall: share(questions),
    perCategory: by(({ category }) => category),
    perL2Category: by(({ l2Category }) => l2Category),
  };
}

function grouped(rows: readonly MmbenchRow[]): Map<number, MmbenchRow[]> {
  const groups = new Map<number, MmbenchRow[]>();
  for (const row of rows) {
    const group = mmbenchGroup(row.index);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return groups;
}
