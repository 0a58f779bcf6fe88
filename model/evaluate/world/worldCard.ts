import type { Run } from "../changes.ts";
import type { WorldRuns } from "./worldParts.ts";
import { BRIER, GUESSING, isYesNo, SHARE_OF_YES } from "./worldScore.ts";
import { WORLD_TASKS, type WorldTaskName } from "./worldTask.ts";

/** What a reader of the card sees asked. */
const ASKED: Readonly<Record<WorldTaskName, string>> = {
  caption: '"Please describe the image.": every thing, its colour and number, and the background',
  count: '"How many red shapes are there?": zero to four',
  exist: '"Is there a red circle?": yes as often as no; of the noes 60 % have that shape and that colour, but apart',
  colour: '"What colour is the heart?": of nine',
  kind: '"What is at the top left?", "What shape is red?"',
  where: '"Where is the dog?": of nine places',
  relation: '"Is the dog left of the star?": yes as often as no',
  background: '"What colour is the background?": of five',
  which: '"Which picture has a star?": of two',
};

/** A model that stands beside the card's, asked about seen combinations only. */
export interface OtherModel {
  readonly name: string;
  readonly seen: Run;
}

/** The tables of the small world on a model card, as Markdown: all parts of one model, beside guessing and others. */
export function worldCard(name: string, runs: Required<WorldRuns>, others: readonly OtherModel[]): string {
  const { seen } = runs;
  const count = seen.items.filter(({ reference }) => reference.task === WORLD_TASKS[0]).length;
  const intro =
    `Exact answers, greedily decoded, to ${count} questions of each task about new scenes; an article in front and a ` +
    "full stop do not count. In brackets: 95 % by bootstrap. Guessing: always the commonest answer. Blind: every " +
    "picture is grey. Unseen: scenes with combinations of colour and shape that training never has.";
  return [intro, taskTable(name, runs, others), yesNoTable(runs), shotsTable(runs)].join("\n\n");
}

function taskTable(name: string, { seen, unseen, blind }: Required<WorldRuns>, others: readonly OtherModel[]): string {
  const columns = ["task", "asked", "guessing", "blind", name, `${name}, unseen`, ...others.map((one) => one.name)];
  const rows = WORLD_TASKS.map((task) => [
    task,
    ASKED[task],
    percent(seen.scores.tables[GUESSING][task]),
    percent(blind.scores.metrics[task]),
    `**${percent(seen.scores.metrics[task])}** ${interval(seen, task)}`,
    `${percent(unseen.scores.metrics[task])} ${interval(unseen, task)}`,
    ...others.map((one) => `${percent(one.seen.scores.metrics[task])} ${interval(one.seen, task)}`),
  ]);
  return markdownTable(columns, rows);
}

/** Says yes as often as it should, and as surely as it may. */
function yesNoTable({ seen, unseen }: Required<WorldRuns>): string {
  const columns = ["yes or no", "says yes", "Brier score", "says yes, unseen", "Brier score, unseen"];
  const rows = WORLD_TASKS.filter(isYesNo).map((task) => [
    task,
    ...[seen, unseen].flatMap(({ scores: { tables } }) => [
      percent(tables[SHARE_OF_YES][task]),
      tables[BRIER][task].toFixed(3),
    ]),
  ]);
  const note = "Brier score: of P(yes) / (P(yes) + P(no)); 0 is certain and right, always a half gives 0.25.";
  return `${markdownTable(columns, rows)}\n\n${note}`;
}

function shotsTable({ "0-shots": none, "4-shots": four }: Required<WorldRuns>): string {
  const columns = ["demonstrations", "guessing", "none", "four"];
  const rows = Object.keys(four.scores.metrics).map((task) => [
    task === "words" ? 'made-up words: "This is a dax", "This is a wug"' : task,
    percent(four.scores.tables[GUESSING][task]),
    task in none.scores.metrics ? `${percent(none.scores.metrics[task])} ${interval(none, task)}` : "",
    `${percent(four.scores.metrics[task])} ${interval(four, task)}`,
  ]);
  return markdownTable(columns, rows);
}

function percent(value: number): string {
  return `${value.toFixed(0)} %`;
}

function interval({ scores: { intervals } }: Run, task: string): string {
  return `(${intervals[task].map((end) => end.toFixed(0)).join(" to ")})`;
}

function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
