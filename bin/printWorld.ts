import { changedItems, pairedDifferences, type Run } from "../model/evaluate/changes.ts";
import type { Item } from "../model/evaluate/task.ts";
import type { WorldPart } from "../model/evaluate/world/worldParts.ts";
import { BRIER, GUESSING, SHARE_OF_YES } from "../model/evaluate/world/worldScore.ts";
import { printable } from "./printable.ts";

/** What one model got in one part. */
export interface WorldRun extends Run {
  /** Its place among the models. */
  readonly model: number;
  readonly part: WorldPart;
}

const NAME_WIDTH = 12;
const CELL_WIDTH = 22;
const SHOWN_CHANGES = 20;

/** `differences` and `changes`: of each run against the first model's run of the same part. */
export function worldJson(models: readonly string[], runs: readonly WorldRun[]) {
  return {
    runs: runs.map(({ model, part, scores: { items: _, ...scores } }) => ({ ...scores, model: models[model], part })),
    differences: comparisons(runs).map(({ first, run }) => pairedDifferences(first, run, taskOf)),
    changes: comparisons(runs).map(({ first, run }) =>
      changedItems(first, run).map(({ id, before, after, difference }) => {
        const { question, reference } = before;
        return { id, question, reference: reference.answer, before: before.answer, after: after.answer, difference };
      }),
    ),
  };
}

export function printWorld(models: readonly string[], runs: readonly WorldRun[]): void {
  for (const [i, model] of models.entries()) console.log(`${letterOf(i)}: ${printable(model)}`);
  const inChat = runs.filter(({ part }) => !isShots(part));
  const areSeveral = new Set(inChat.map(({ part }) => part)).size > 1;
  if (inChat.length > 0) printTable(inChat, ({ part }) => (areSeveral ? part : ""));
  const shots = runs.filter(({ part }) => isShots(part));
  if (shots.length > 0) console.log("\nafter demonstrations");
  if (shots.length > 0) printTable(shots, ({ part }) => part.replace("-", " "));
  for (const { first, run } of comparisons(runs)) printChanges(letterOf(run.model), first, run);
}

function isShots(part: WorldPart): boolean {
  return part === "0-shots" || part === "4-shots";
}

function printTable(runs: readonly WorldRun[], partOf: (run: WorldRun) => string): void {
  const headOf = (run: WorldRun) => `${letterOf(run.model)} ${partOf(run)}`.trim();
  line("", [...runs.map((run) => `${headOf(run)} (95 %)`), "guessing"]);
  for (const name of new Set(runs.flatMap(({ scores }) => Object.keys(scores.metrics)))) {
    const cells = runs.map(({ scores: { metrics, intervals } }) => {
      if (!(name in metrics)) return "";
      const [low, high] = intervals[name];
      return `${metrics[name].toFixed(0)} % (${low.toFixed(0)} to ${high.toFixed(0)})`;
    });
    const guessed = runs.find(({ scores }) => name in scores.metrics) as Run;
    line(name, [...cells, `${guessed.scores.tables[GUESSING][name].toFixed(0)} %`]);
  }
  for (const [what, table, show] of [
    ["says yes", SHARE_OF_YES, (value: number) => `${value.toFixed(0)} %`],
    ["Brier", BRIER, (value: number) => value.toFixed(3)],
  ] as const) {
    const names = new Set(runs.flatMap(({ scores }) => Object.keys(scores.tables[table])));
    for (const name of names) line(`${name}: ${what}`, runs.map(({ scores }) => show(scores.tables[table][name]))); // biome-ignore format: one line
  }
}

function line(name: string, cells: readonly string[]): void {
  const padded = cells.map((cell) => cell.padEnd(CELL_WIDTH)).join("");
  console.log(`${name.padEnd(NAME_WIDTH)}${name.length < NAME_WIDTH ? "" : "  "}${padded}`.trimEnd());
}

/** Every run of another model than the first, with the first's of the same part. */
function comparisons(runs: readonly WorldRun[]): { first: WorldRun; run: WorldRun }[] {
  return runs.flatMap((run) => {
    const first = runs.find(({ model, part }) => model === 0 && part === run.part);
    return first === undefined || run.model === 0 ? [] : [{ first, run }];
  });
}

function printChanges(letter: string, first: WorldRun, run: WorldRun): void {
  const changes = changedItems(first, run);
  const better = changes.filter(({ difference }) => difference > 0).length;
  console.log(
    `\nFrom A to ${letter}, ${run.part}: ${better} items became right, ${changes.length - better} became wrong.`,
  );
  for (const [task, { mean, interval }] of Object.entries(pairedDifferences(first, run, taskOf))) {
    const [low, high] = interval.map(signed);
    console.log(`  ${task.padEnd(NAME_WIDTH)}${signed(mean)} points (95 %: ${low} to ${high})`);
  }
  for (const { id, before, after, difference } of changes.slice(0, SHOWN_CHANGES)) {
    const [a, b, gold] = [before.answer, after.answer, before.reference.answer].map((text) => printable(String(text)));
    console.log(`  ${difference > 0 ? "+" : "-"} ${id}: ${before.question} ${gold}; A: ${a}; ${letter}: ${b}`);
  }
  if (changes.length > SHOWN_CHANGES) console.log(`  … ${changes.length - SHOWN_CHANGES} more: --json lists all`);
}

function taskOf({ reference }: Item): string {
  return String(reference.task);
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(0)}`;
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
