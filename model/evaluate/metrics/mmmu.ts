import { InfimmError } from "../../../core/errors.ts";
import { round } from "../python/round.ts";
import { lengthOf, splitWords, strip, stripCharacter, WORD } from "../python/text.ts";
import { toFloat } from "../python/toFloat.ts";
import type { Chosen } from "./scienceQa.ts";

/** MMMU's `parse_multi_choice_response` and `parse_open_response` (eval_utils.py), with all that is odd about them. */

/** @param options by letter; an empty one is contained in every answer of more than 5 words */
export function mmmuLetter(answer: string, options: Readonly<Record<string, string>>): Chosen {
  let text = answer;
  for (const mark of ",.!?;:'") text = stripCharacter(text, mark); // once each, in this order
  text = ` ${text} `;
  const letters = Object.keys(options);
  const latest = (rule: string, said: (letter: string) => string, within: string): Chosen | undefined => {
    const places = letters.map((letter) => within.lastIndexOf(said(letter)));
    const last = Math.max(...places);
    return last < 0 ? undefined : { letter: letters[places.indexOf(last)], rule };
  };
  const isLong = splitWords(text).length > 5;
  return (
    latest("letter in brackets", (letter) => `(${letter})`, text) ??
    latest("letter", (letter) => ` ${letter} `, text) ??
    (isLong ? latest("option text", (letter) => options[letter].toLowerCase(), text.toLowerCase()) : undefined) ?? {
      rule: "undecided",
    }
  );
}

const INDICATORS = ["could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result "];
const TRIVIAL = [":", ",", ".", "!", "?", ";", "'"];

/** What an open answer may mean: texts, lower-case, and numbers. */
export function mmmuOpen(answer: string): (string | number)[] {
  const keys = keyAnswers(answer);
  const all = [...keys, ...keys.flatMap(numbersIn)].flatMap(normalised);
  return [...new Set(all)];
}

/** The shortest tail behind an indicator, of each line; sentences are not told apart, for the text is lower-case by then. */
function keyAnswers(answer: string): string[] {
  const text = stripCharacter(strip(answer), ".").toLowerCase();
  const lines = text.split("\n");
  const found = lines.flatMap((line, i) => {
    let shortest = "";
    for (const indicator of i === lines.length - 1 ? [...INDICATORS, "="] : INDICATORS) {
      if (!line.includes(indicator)) continue;
      const tail = strip(line.split(indicator).at(-1) as string);
      if (shortest === "" || lengthOf(tail) < lengthOf(shortest)) shortest = tail;
    }
    return shortest === "" || TRIVIAL.includes(shortest) ? [] : [shortest];
  });
  return found.length > 0 ? found : [text];
}

/** Python's `\b`, whose words are of any script. */
const EDGE = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;
const NUMBERS = [
  `-?${EDGE}\\p{Nd}{1,3}(?:,\\p{Nd}{3})+${EDGE}`,
  "-?\\p{Nd}+(?:\\.\\p{Nd}+)?[eE][+-]?\\p{Nd}+",
  `-?(?:\\p{Nd}+\\.\\p{Nd}+|\\.\\p{Nd}+|\\p{Nd}+${EDGE})(?![eE][+-]?\\p{Nd}+)(?![,\\p{Nd}])`,
].map((source) => new RegExp(source, "gu"));

function numbersIn(text: string): string[] {
  return NUMBERS.flatMap((pattern) => [...text.matchAll(pattern)].map(([number]) => number));
}

/** A number with 2 decimals, or the text in lower case; of one character two, so that it is found as a word only. */
function normalised(text: string): (string | number)[] {
  const bare = strip(text);
  const number = toFloat(bare.replaceAll(",", ""));
  if (number !== undefined) return [round(number, 2)];
  const lower = bare.toLowerCase();
  return lengthOf(lower) === 1 ? [` ${lower}`, `${lower} `] : [lower];
}

/** Whether a gold text is contained in one of the texts, or a number is equal. */
export function mmmuOpenRight(found: readonly (string | number)[], gold: string | readonly string[]): boolean {
  const answers = [gold].flat().flatMap(normalised);
  return found.some((one) =>
    typeof one === "string"
      ? answers.some((answer) => typeof answer === "string" && one.includes(answer))
      : answers.some((answer) => answer === one),
  );
}

/** The disciplines and their subjects, in the official order. */
export const MMMU_DISCIPLINES: Readonly<Record<string, readonly string[]>> = {
  "Art and Design": ["Art", "Art_Theory", "Design", "Music"],
  Business: ["Accounting", "Economics", "Finance", "Manage", "Marketing"],
  Science: ["Biology", "Chemistry", "Geography", "Math", "Physics"],
  "Health and Medicine": [
    "Basic_Medical_Science",
    "Clinical_Medicine",
    "Diagnostics_and_Laboratory_Medicine",
    "Pharmacy",
    "Public_Health",
  ],
  "Humanities and Social Science": ["History", "Literature", "Sociology", "Psychology"],
  "Tech and Engineering": [
    "Agriculture",
    "Architecture_and_Engineering",
    "Computer_Science",
    "Electronics",
    "Energy_and_Power",
    "Materials",
    "Mechanical_Engineering",
  ],
};

/** "validation_Art_Theory_3" -> "Art_Theory" */
export function mmmuSubject(id: string): string {
  return id.split("_").slice(1, -1).join("_");
}

export interface MmmuShare {
  readonly num: number;
  /** A fraction, 3 decimals. */
  readonly acc: number;
}

/** The official table: "Overall-<discipline>", subjects, "Overall". */
export function mmmuTotals(scored: readonly { readonly id: string; readonly right: boolean }[]) {
  const known = Object.values(MMMU_DISCIPLINES).flat();
  const stranger = scored.find(({ id }) => !known.includes(mmmuSubject(id)));
  if (stranger) throw new InfimmError(`mmmu: ${stranger.id} names no subject of MMMU's: ${mmmuSubject(stranger.id)}`);
  const of = (subject: string) => scored.filter(({ id }) => mmmuSubject(id) === subject);
  const accuracy = (some: readonly { right: boolean }[]) => some.filter(({ right }) => right).length / some.length;
  const together = (subjects: readonly string[]): MmmuShare => {
    const groups = subjects.map(of).filter(({ length }) => length > 0);
    const num = groups.reduce((sum, { length }) => sum + length, 0);
    const right = groups.reduce((sum, group) => sum + accuracy(group) * group.length, 0);
    return { num, acc: num === 0 ? 0 : round(right / num, 3) };
  };
  const table: Record<string, MmmuShare> = {};
  for (const [discipline, subjects] of Object.entries(MMMU_DISCIPLINES)) {
    table[`Overall-${discipline}`] = together(subjects);
    for (const subject of subjects) if (of(subject).length > 0) table[subject] = together([subject]);
  }
  table["Overall"] = together(known);
  return table;
}
