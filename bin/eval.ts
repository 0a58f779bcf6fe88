import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { InfimmError } from "../core/errors.ts";
import { DEFAULT_SETTINGS, generateItems } from "../model/evaluate/generateItems.ts";
import { cachedJudge } from "../model/evaluate/judges/cached.ts";
import { commandJudge } from "../model/evaluate/judges/command.ts";
import { fileJudge } from "../model/evaluate/judges/file.ts";
import { httpJudge } from "../model/evaluate/judges/http.ts";
import type { Judge } from "../model/evaluate/judges/judge.ts";
import { NO_JUDGE } from "../model/evaluate/judges/none.ts";
import { type Scores, scorePredictions, scoreRun } from "../model/evaluate/scoreRun.ts";
import type { Item, ScoreOptions, Settings, Task } from "../model/evaluate/task.ts";
import { runFolders, trialFolder, trialMetrics } from "../model/evaluate/trials.ts";
import { requireRunOptions } from "../model/evaluate/taskOptions.ts";
import { TASKS, taskNamed } from "../model/evaluate/tasks/index.ts";
import { reportJson } from "../model/evaluate/report/reportJson.ts";
import { type ReportLooks, reportPage } from "../model/evaluate/report/reportPage.ts";
import type { Assistant } from "../model/generate/assistant.ts";
import { readText } from "../model/files/readText.ts";
import { writeText } from "../model/files/writeWhole.ts";
import { type AnswerOptions, wholeNumber, withModelOptions } from "./answerOptions.ts";
import { worldCommand } from "./evalWorld.ts";
import { interruptible } from "./interruptible.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { packageVersion, placeOf } from "./package.ts";
import { progressLine } from "./progressLine.ts";
import { timeText } from "./timeText.ts";

const HELP = `
Tasks, and what the data folder holds:
${TASKS.map((task) => `  ${task.name.padEnd(12)} ${task.layout}`).join("\n")}

Examples:
  $ infimm eval vqav2 --data vqav2 --model Infi-MM/infimm-zephyr --shots 4 --out runs/vqav2-4
  $ infimm eval score runs/vqav2-4
  $ infimm eval report runs/vqav2-4 runs/mme --out report.html
  $ infimm eval score runs/theirs --task mme --data mme --predictions theirs/mme`;

interface EvalOptions extends Omit<AnswerOptions, "seed"> {
  data: string;
  out: string;
  shots: number;
  chat?: boolean;
  trueZeroShot?: boolean;
  rices?: boolean;
  order: "file" | "torch";
  pool: number;
  limit: number;
  split?: string;
  firstImageOnly?: boolean;
  promptForm?: string;
  batch: number;
  beams: number;
  seed?: number[];
}

/** `infimm eval TASK`, with `score` and `report` as subcommands. */
export function evalCommand(): Command {
  const command = new Command("eval")
    .enablePositionalOptions() // its subcommands have options of the same names
    .description("judge a model by the card's benchmarks: ask, score, report")
    .argument("<task>", TASKS.map((task) => task.name).join(", "))
    .option("--data <folder>", "the benchmark's files in their official layout")
    .option("-o, --out <folder>", "where items.jsonl goes; a run that was stopped goes on there")
    .option("--shots <count>", "demonstrations before the question (base prompts)", wholeNumber(0), 0)
    .option("--true-zero-shot", "0 shots without the two demonstrations that OpenFlamingo shows")
    .option("--rices", "show the training pictures most like the one asked about, not random ones")
    .option("--chat", "ask by the checkpoint's chat template where the task's default are base prompts")
    .option("--seed <number>", "of the draws; given several times, a run each (default: 42)", collectedSeeds)
    .addOption(new Option("--order <order>", "of test items").choices(["file", "torch"]).default("file"))
    .option("--pool <count>", "training items that demonstrations are drawn from", wholeNumber(1), 2048)
    .option("--limit <count>", "ask only so many; 0: all", wholeNumber(0), 0)
    .option("--split <name>", "the part of the data, if not the usual one")
    .option("--prompt-form <name>", "MME, ScienceQA: llava, in the words of LLaVA's own evaluation")
    .option("--first-image-only", "MMMU: as its official runner")
    .option("--beams <count>", "default: 3 for base prompts, 1 for chat", wholeNumber(1))
    .option("--batch <count>", "prompts at a time", wholeNumber(1), 4)
    .addHelpText("after", HELP);
  return withModelOptions(command)
    .action(runTask)
    .addCommand(scoreCommand())
    .addCommand(reportCommand())
    .addCommand(worldCommand());
}

async function runTask(name: string, options: EvalOptions): Promise<void> {
  const task = taskNamed(name);
  // not commander's required options, for score and report would need them too
  if (!options.data || !options.out) throw new InfimmError(`eval ${name} needs --data and --out`);
  const { split, firstImageOnly, promptForm } = options;
  requireRunOptions(task, { split, firstImageOnly, promptForm });
  const seeds = options.seed ?? [42];
  const settings = settingsOf(task.defaults, options);
  if (seeds.length > 1 && settings.prompts === "chat") throw new InfimmError("chat prompts draw nothing: give one --seed"); // biome-ignore format: one line
  const assistant = await loadAssistant(options);
  const made = [];
  for (const seed of seeds) {
    const out = seeds.length > 1 ? trialFolder(options.out, seed) : options.out;
    const items = await ask(task, { ...options, out }, { ...settings, seed }, assistant);
    made.push({ task: name, items: items.length, path: join(out, "items.jsonl") });
  }
  if (options.json) console.log(JSON.stringify(made.length > 1 ? made : made[0]));
  else for (const { items, path } of made) console.log(`${items} items in ${path}`);
  if (!options.json) console.log(`Next: infimm eval score ${options.out}`);
}

/** One run of a task. */
function ask(task: Task, options: EvalOptions, settings: Settings, assistant: Assistant): Promise<readonly Item[]> {
  const progress = progressLine(options.quiet);
  const { name } = task;
  return interruptible((signal) =>
    generateItems({
      task,
      data: options.data,
      assistant,
      model: placeOf(options.model),
      dtype: options.dtype ?? "as stored",
      backend: options.exact ? `${options.backend}, exact` : options.backend,
      out: options.out,
      settings,
      version: packageVersion(),
      batch: options.batch,
      signal,
      onProgress: (done, total, left) => progress.show(() => `${name}: ${done} of ${total}, ${timeText(left)} left`),
    }).finally(() => progress.end()),
  );
}

function collectedSeeds(value: string, before: readonly number[] = []): number[] {
  const seed = wholeNumber(0)(value);
  if (before.includes(seed)) throw new InvalidArgumentError(`${seed} was given before.`);
  return [...before, seed];
}

function settingsOf(defaults: Partial<Settings>, options: EvalOptions): Settings {
  const { shots, order, pool, limit } = options;
  const prompts = options.chat ? "chat" : (defaults.prompts ?? "chat");
  if (prompts === "chat" && (shots > 0 || options.rices || options.trueZeroShot)) {
    throw new InfimmError(
      "--shots, --rices and --true-zero-shot are of base prompts, and chat prompts have no demonstrations",
    );
  }
  return {
    ...DEFAULT_SETTINGS,
    ...defaults,
    ...{ prompts, shots, order, pool, limit },
    beams: options.beams ?? (prompts === "chat" ? 1 : (defaults.beams ?? 1)),
    trueZeroShot: options.trueZeroShot ?? false,
    rices: options.rices ?? false,
    promptForm: options.promptForm ?? "",
    firstImageOnly: options.firstImageOnly ?? false,
    orientation: options.orientation ?? "ignore",
    split: options.split ?? defaults.split ?? DEFAULT_SETTINGS.split,
  };
}

interface JudgeFlags {
  judge: string;
  judgeModel: string;
  judgePrompt?: string;
  definition?: string;
  drawUndecided?: boolean;
  grades?: string;
  ptb?: string;
  json?: boolean;
}

interface ScoreFlags extends JudgeFlags {
  task?: string;
  data?: string;
  predictions?: string;
  allowMissing?: boolean;
  split?: string;
}

/** What every command takes that scores. */
function withJudgeOptions(command: Command): Command {
  return command
    .option("--judge <who>", "none, file, command:PROGRAM or http:ADDRESS (INFIMM_JUDGE_KEY: its key)", "none")
    .option("--judge-model <name>", "of an http judge", "gpt-4-0613")
    .option("--judge-prompt <file>", "your own words for the judge")
    .option("--definition <name>", "VQA: open_flamingo, official, evalai; MME: official, lmms, words")
    .option("--draw-undecided", "MMBench, MMMU: draw an option, seeded, where no rule tells one")
    .option("--grades <file>", "MM-Vet: grades in the form of its own grader, instead of a judge's")
    .option(
      "--ptb <command>",
      "captions: a program that makes PTB tokens of a text a line (the jar, where you have Java)",
    );
}

function scoreCommand(): Command {
  const command = new Command("score")
    .description("score a run, or another program's predictions; no model is needed")
    .argument("<folder>", "of a run; with --predictions, where the scores go")
    .option("--task <name>", "of the predictions")
    .option("--data <folder>", "of the predictions' benchmark")
    .option("--predictions <file>", "in the benchmark's own form, or JSON with ids and answers")
    .option("--split <name>", "the part of the data, if not the usual one")
    .option("--allow-missing", "questions without an answer count 0")
    .option("--json", "print one JSON object");
  return withJudgeOptions(command).action(runScore);
}

async function runScore(folder: string, _: unknown, command: Command): Promise<void> {
  const flags = command.opts<ScoreFlags>();
  const options = await scoreOptionsOf(folder, flags);
  const { task, data, predictions, allowMissing, split } = flags;
  if (predictions === undefined) {
    const idle = Object.entries({ task, data, split, "allow-missing": allowMissing }).find(([, value]) => value);
    if (idle) throw new InfimmError(`--${idle[0]} is of other programs' answers: it needs --predictions`);
    return scoreRuns(folder, options, flags.json);
  }
  if (task === undefined || data === undefined) throw new InfimmError("--predictions needs --task and --data");
  const settings = split === undefined ? {} : { split };
  const foreign = { ...options, task: taskNamed(task), data, predictions, allowMissing, settings };
  printScores(await scorePredictions(folder, foreign), flags.json);
}

/** A run, or the trials that lie below a folder: then each, and what they are together. */
async function scoreRuns(folder: string, options: ScoreOptions, json?: boolean): Promise<void> {
  const trials: Scores[] = [];
  for (const run of await runFolders(folder)) trials.push(await scoreRun(run, options));
  if (trials.length === 1) return printScores(trials[0], json);
  const metrics = trialMetrics(trials);
  if (json) {
    console.log(JSON.stringify({ trials, metrics }));
    return;
  }
  for (const scores of trials) printScores(scores);
  console.log(`${trials.length} trials: mean and standard deviation`);
  for (const [name, { mean, standardDeviation: deviation, values }] of Object.entries(metrics)) {
    const each = values.map((value) => value.toFixed(2)).join(", ");
    console.log(`  ${name.padEnd(28)} ${mean.toFixed(2).padStart(8)} ± ${deviation.toFixed(2)}   (${each})`);
  }
}

function reportCommand(): Command {
  return new Command("report")
    .description("one HTML page about scored runs: results beside the card's, items with pictures, what changed")
    .argument("<folder...>", "of runs; of two runs of a task the items that changed are listed")
    .option("-o, --out <file>", "the page", "report.html")
    .option(
      "--looks <count>",
      "of so many items of each run, where the model looked word by word and what its words depend on: answers them anew",
      wholeNumber(1),
    )
    .option("--json", "print one JSON object instead: what decides the numbers, the numbers, and what changed")
    .action(async (folders: string[], { out, looks, json }: { out: string; looks?: number; json?: boolean }) => {
      if (json && looks !== undefined) throw new InfimmError("--looks are pictures of the page: --json has none");
      if (json) {
        console.log(JSON.stringify(await reportJson(folders)));
        return;
      }
      await writeText(out, await reportPage(folders, looks === undefined ? undefined : looksOf(looks)));
      console.log(`${out} is written.`);
    });
}

function looksOf(count: number): ReportLooks {
  const progress = progressLine();
  return {
    count,
    load: ({ model, dtype, backend }) => {
      const [name, exact] = backend.split(", ");
      const stored = dtype === "as stored" ? undefined : (dtype as AnswerOptions["dtype"]);
      return loadAssistant({ model, dtype: stored, backend: name, exact: exact !== undefined });
    },
    onProgress: (done, total) => {
      if (done === total) progress.end();
      else progress.show(() => `where the model looked: ${done} of ${total} items`);
    },
  };
}

async function scoreOptionsOf(folder: string, flags: JudgeFlags): Promise<ScoreOptions> {
  const { definition, drawUndecided, judgePrompt, grades, ptb } = flags;
  return {
    judge: judgeOf(folder, flags),
    definition,
    drawUndecided,
    grades,
    ptb,
    judgePrompt: judgePrompt === undefined ? undefined : await readText(judgePrompt, "judge prompt"),
  };
}

function judgeOf(folder: string, { judge, judgeModel }: JudgeFlags): Judge {
  const [kind, ...rest] = judge.split(":");
  const where = rest.join(":");
  if (judge === "none") return NO_JUDGE;
  if (judge === "file") return fileJudge(join(folder, "judge-requests.jsonl"), join(folder, "judge-answers.jsonl"));
  const cache = join(folder, "judge-cache.jsonl");
  if (kind === "command" && where) return cachedJudge(commandJudge(where), cache);
  const address = kind === "https" || /^\/\//.test(where) ? judge : where;
  if (/^https?:\/\//.test(address)) {
    return cachedJudge(httpJudge(address, { model: judgeModel, key: process.env.INFIMM_JUDGE_KEY }), cache);
  }
  throw new InfimmError(`--judge must be none, file, command:PROGRAM or http:ADDRESS, got ${judge}`);
}

function printScores(scores: Scores, json?: boolean): void {
  if (json) {
    console.log(JSON.stringify(scores));
    return;
  }
  console.log(`${scores.task}, ${scores.n} items, ${scores.model}`);
  for (const [name, value] of Object.entries(scores.metrics)) {
    const interval = scores.intervals[name];
    const range = interval ? `   95 %: ${interval.map((end) => end.toFixed(2)).join(" to ")}` : "";
    console.log(`  ${name.padEnd(28)} ${value.toFixed(2).padStart(8)}${range}`);
  }
  for (const note of scores.notes) console.log(`  ${note}`);
}
