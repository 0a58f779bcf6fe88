import { InfimmError } from "../../../core/errors.ts";
import type { Judge } from "../judges/judge.ts";

const TRIES = 3;

/** A judge's grades from 0 to 1: the first number of each answer. What is no such number is asked again, warmer. */
export async function gradesOf(judge: Judge, prompts: readonly string[]): Promise<number[]> {
  const grades = new Array<number | undefined>(prompts.length).fill(undefined);
  for (let tries = 0; tries < TRIES && grades.includes(undefined); tries++) {
    const open = prompts.flatMap((prompt, i) => (grades[i] === undefined ? [{ prompt, i }] : []));
    const requests = open.map(({ prompt }) => ({ prompt, maxTokens: 8, temperature: 0.5 * tries }));
    const answers = await judge.ask(requests);
    for (const [k, { i }] of open.entries()) grades[i] = gradeIn(answers[k]);
  }
  const failed = grades.indexOf(undefined);
  if (failed >= 0)
    throw new InfimmError(
      `judge ${judge.name}: no grade from 0 to 1 in ${TRIES} tries, for: ${prompts[failed].slice(-80)}`,
    );
  return grades as number[];
}

function gradeIn(answer: string): number | undefined {
  const number = /^\s*(\d+(?:\.\d+)?)/.exec(answer)?.[1];
  const grade = Number(number ?? Number.NaN);
  return grade >= 0 && grade <= 1 ? grade : undefined;
}
