import { mean } from "../python/mean.ts";
import type { Item, ItemScore, TaskScore } from "../task.ts";

/** The forms in which a model may write yes and no. */
export const YES_NO = { yes: ["yes", "Yes"], no: ["no", "No"] };

/** Tasks whose answer is yes or no. */
export function isYesNo(task: unknown): boolean {
  return task === "exist" || task === "relation";
}

/** Tables of a score of the small world. */
export const GUESSING = "always the commonest answer";
export const SHARE_OF_YES = "share of yes, where the answer is yes or no";
export const BRIER = "Brier score of P(yes) / (P(yes) + P(no)); always 0.5 gives 0.25";

/** Capitals, a full stop at the end and an article at the beginning do not count: "A dog." is "dog". */
export function plain(answer: string): string {
  return answer
    .trim()
    .toLowerCase()
    .replace(/ ?\.$/, "")
    .replace(/^(?:a|an|the) /, "");
}

/** Percent of each task that is right; beside it what guessing would get, and how yes and no are used. */
export function worldScore(items: readonly Item[]): TaskScore {
  const verdicts = new Map(items.map((item) => [item.id, verdictOf(item)]));
  const names = [...new Set(items.map(({ reference }) => reference.task as string))];
  const of = (name: string) => items.filter(({ reference }) => reference.task === name);
  const units = (name: string) => of(name).map(({ id }) => ({ value: 100 * (verdicts.get(id)?.score as number) }));
  const tableOf = (chosen: readonly string[], value: (items: readonly Item[]) => number) =>
    Object.fromEntries(chosen.map((name) => [name, value(of(name))]));
  const yesNo = names.filter(isYesNo);
  const calibrated = yesNo.filter((name) => of(name).every(({ choices }) => choices !== undefined));
  return {
    metrics: Object.fromEntries(names.map((name) => [name, mean(units(name).map(({ value }) => value))])),
    tables: {
      [GUESSING]: tableOf(names, commonest),
      [SHARE_OF_YES]: tableOf(yesNo, shareOfYes),
      [BRIER]: tableOf(calibrated, brier),
    },
    items: Object.fromEntries(verdicts),
    units: Object.fromEntries(names.map((name) => [name, units(name)])),
    notes: [],
  };
}

function verdictOf({ answer, reference, choices }: Item): ItemScore {
  const gold = plain(reference.answer as string);
  if (reference.task === "words" && choices) {
    const [best] = Object.entries(choices).reduce((a, b) => (b[1] > a[1] ? b : a));
    return { score: Number(best === gold), rule: `the likelier word: ${best}` };
  }
  return { score: Number(answer === gold), rule: "exact, but for article and stop" };
}

/** Percent of the questions whose answer is the one that most have: what guessing gets. */
function commonest(items: readonly Item[]): number {
  const counts = new Map<unknown, number>();
  for (const { reference } of items) counts.set(reference.answer, (counts.get(reference.answer) ?? 0) + 1);
  return (100 * Math.max(...counts.values())) / items.length;
}

function shareOfYes(items: readonly Item[]): number {
  return (100 * items.filter(({ answer }) => answer === "yes").length) / items.length;
}

/** Mean of (p - y)² over the items: p the probability of yes among yes and no, y 1 where yes is right (Brier, 1950). */
function brier(items: readonly Item[]): number {
  return mean(
    items.map(({ choices, reference }) => {
      const { yes, no } = choices as { yes: number; no: number };
      return (yes / (yes + no) - Number(reference.answer === "yes")) ** 2;
    }),
  );
}
