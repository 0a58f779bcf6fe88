import type { Document, LeftOut } from "../documents.ts";

/** The instructions of multi-task training. The first is the card's, as are the last two, word for word. */
export const DESCRIBE = "Please describe the image.";
export const SHORT_ANSWER = "Answer the question using a single word or phrase.";
export const OPTION_LETTER = "Answer with the option's letter from the given choices directly.";
export const VIZWIZ_ANSWER = `When the provided information is insufficient, respond with 'Unanswerable'. ${SHORT_ANSWER}`;

/** A picture, what is asked about it, and what is answered. */
export interface Task {
  readonly id: string;
  readonly source: string;
  /** Path of the picture. */
  readonly path: string;
  /** With the instruction. */
  readonly question: string;
  readonly answer: string;
}

/** A question with its instruction on a line of its own. */
export function asked(question: string, instruction: string): string {
  return `${question.trim()}\n${instruction}`;
}

/** Answers are learnt as they are written, but for spaces round them. */
export function taskDocument({ id, source, path, question, answer }: Task): Document | LeftOut {
  if (answer.trim() === "") return { leftOut: "no answer", detail: `${source} ${id}` };
  const parts = [{ path }, { text: question, learn: false }, { text: answer.trim(), learn: true }];
  return { id, source, layout: "task", parts };
}

/** The answer that most people gave; of several the one that came first. */
export function mostFrequent(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ["", 0])[0];
}
