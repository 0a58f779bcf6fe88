import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { changedItems, type Run } from "../model/evaluate/changes.ts";
import { DEFAULT_SETTINGS, generateItems } from "../model/evaluate/generateItems.ts";
import { NO_JUDGE } from "../model/evaluate/judges/none.ts";
import { scoreRun } from "../model/evaluate/scoreRun.ts";
import { worldOf } from "../model/evaluate/tasks/world.ts";
import { backendNames, getBackend } from "../tensor/index.ts";
import { wholeNumber } from "./answerOptions.ts";
import { interruptible } from "./interruptible.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { packageVersion, placeOf, SHIPPED_MODEL } from "./package.ts";
import { printable } from "./printable.ts";
import { progressLine } from "./progressLine.ts";
import { timeText } from "./timeText.ts";

const HELP = `
The same questions are asked of every model, so that two runs can be compared item by item.

Examples:
  $ infimm eval world
  $ infimm eval world --model infimm-tiny --model my/model --out runs/world
  $ infimm eval world --split unseen --count 500 --json`;

interface WorldOptions {
  model: string[];
  count: number;
  split: string;
  out?: string;
  batch: number;
  backend: string;
  json?: boolean;
  quiet?: boolean;
}

export function worldCommand(): Command {
  return new Command("world")
    .description("judge models on the small world that infimm-tiny is trained on; nothing is downloaded")
    .option("-m, --model <name>", "a checkpoint; given twice, both are compared (default: infimm-tiny)", collected, [])
    .option("-n, --count <count>", "questions of each of the eight tasks", wholeNumber(1), 100)
    .addOption(
      new Option("--split <name>", "unseen: colours and shapes that training never joins")
        .choices(["seen", "unseen"])
        .default("seen"),
    )
    .option("-o, --out <folder>", "keep the runs there, for infimm eval report")
    .option("--batch <count>", "prompts at a time", wholeNumber(1), 8)
    .addOption(new Option("--backend <name>", "where to compute").choices(backendNames()).default(getBackend().name))
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", HELP)
    .action(judgeWorld);
}

function collected(value: string, before: string[]): string[] {
  return [...before, value];
}

async function judgeWorld(options: WorldOptions): Promise<void> {
  const models = options.model.length > 0 ? options.model : [SHIPPED_MODEL];
  const out = options.out ?? (await mkdtemp(join(tmpdir(), "infimm-world-")));
  try {
    const runs: Run[] = [];
    for (const [i, model] of models.entries()) runs.push(await runOf(model, join(out, `model-${i + 1}`), options));
    if (options.json) console.log(JSON.stringify(jsonOf(models, runs)));
    else printRuns(models, runs);
  } finally {
    if (options.out === undefined) await rm(out, { recursive: true });
  }
}

async function runOf(model: string, out: string, options: WorldOptions): Promise<Run> {
  const { count, split, backend, batch, quiet } = options;
  const assistant = await loadAssistant({ model, backend, quiet });
  const progress = progressLine(quiet);
  const items = await interruptible((signal) =>
    generateItems({
      task: worldOf(count),
      data: ".",
      assistant,
      model: placeOf(model),
      dtype: "as stored",
      backend,
      out,
      settings: { ...DEFAULT_SETTINGS, split },
      version: packageVersion(),
      batch,
      signal,
      onProgress: (done, total, left) => progress.show(() => `${model}: ${done} of ${total}, ${timeText(left)} left`),
    }).finally(() => progress.end()),
  );
  return { items, scores: await scoreRun(out, { judge: NO_JUDGE }, () => worldOf(count)) };
}

function jsonOf(models: readonly string[], runs: readonly Run[]) {
  const [first, ...others] = runs;
  return {
    runs: runs.map(({ scores: { items: _, ...scores } }, i) => ({ ...scores, model: models[i] })),
    changes: others.map((run) =>
      changedItems(first, run).map(({ id, before, after, difference }) => {
        return {
          id,
          question: before.question,
          reference: before.reference.answer,
          before: before.answer,
          after: after.answer,
          difference,
        };
      }),
    ),
  };
}

const NAME_WIDTH = 12;
const CELL_WIDTH = 24;
const SHOWN_CHANGES = 20;

function printRuns(models: readonly string[], runs: readonly Run[]): void {
  for (const [i, model] of models.entries()) console.log(`${letterOf(i)}: ${printable(model)}`);
  const line = (name: string, cells: readonly string[]) =>
    console.log(
      name.padEnd(NAME_WIDTH) +
        cells
          .map((cell) => cell.padEnd(CELL_WIDTH))
          .join("")
          .trimEnd(),
    );
  line("", [...runs.map((_, i) => `${letterOf(i)} (95 %)`), "guessing"]);
  const [first, ...others] = runs;
  for (const name of Object.keys(first.scores.metrics)) {
    const cells = runs.map(({ scores: { metrics, intervals } }) => {
      const [low, high] = intervals[name];
      return `${metrics[name].toFixed(0)} % (${low.toFixed(0)} to ${high.toFixed(0)})`;
    });
    line(name, [...cells, `${first.scores.tables["always the commonest answer"][name].toFixed(0)} %`]);
  }
  for (const [i, run] of others.entries()) printChanges(letterOf(i + 1), first, run);
}

function printChanges(letter: string, first: Run, run: Run): void {
  const changes = changedItems(first, run);
  const better = changes.filter(({ difference }) => difference > 0).length;
  console.log(`\nFrom A to ${letter}: ${better} items became right, ${changes.length - better} wrong.`);
  for (const { id, before, after, difference } of changes.slice(0, SHOWN_CHANGES)) {
    const [a, b, gold] = [before.answer, after.answer, before.reference.answer].map((text) => printable(String(text)));
    console.log(`  ${difference > 0 ? "+" : "-"} ${id}: ${before.question} ${gold}; A: ${a}; ${letter}: ${b}`);
  }
  if (changes.length > SHOWN_CHANGES) console.log(`  … ${changes.length - SHOWN_CHANGES} more: --json lists all`);
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
