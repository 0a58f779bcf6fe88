import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command, Option } from "commander";
import type { Run } from "../model/evaluate/changes.ts";
import { worldCard } from "../model/evaluate/world/worldCard.ts";
import { runWorldPart, WORLD_PARTS, type WorldPart, type WorldRuns } from "../model/evaluate/world/worldParts.ts";
import type { Assistant } from "../model/generate/assistant.ts";
import { backendNames, getBackend } from "../tensor/index.ts";
import { wholeNumber } from "./answerOptions.ts";
import { interruptible } from "./interruptible.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { packageVersion, placeOf, SHIPPED_MODEL } from "./package.ts";
import { printable } from "./printable.ts";
import { printWorld, type WorldRun, worldJson } from "./printWorld.ts";
import { progressLine } from "./progressLine.ts";
import { timeText } from "./timeText.ts";

const HELP = `
The same questions are asked of every model, so that two runs can be compared item by item. With --out, a run that was
stopped goes on, and infimm eval report makes a page of runs/world/model-1/seen and the others.

Examples:
  $ infimm eval world
  $ infimm eval world --model infimm-tiny --model my/model --out runs/world
  $ infimm eval world --split both --blind --few-shot --json
  $ infimm eval world --model my/model --model infimm-tiny --card >> my/model/README.md`;

interface WorldOptions {
  model?: string[];
  count?: number;
  split: "seen" | "unseen" | "both";
  blind?: boolean;
  fewShot?: boolean;
  card?: boolean;
  out?: string;
  batch: number;
  backend: string;
  json?: boolean;
  quiet?: boolean;
}

const COUNT = 100;
const CARD_COUNT = 500;

export function worldCommand(): Command {
  return new Command("world")
    .description("judge models on the small world that infimm-tiny is trained on; nothing is downloaded")
    .option("-m, --model <name>", "a checkpoint; given twice, both are compared (default: infimm-tiny)", collected)
    .option("-n, --count <count>", `questions of each task (default: ${COUNT}, of a card ${CARD_COUNT})`, wholeNumber(1)) // biome-ignore format: one line
    .addOption(
      new Option("--split <name>", "unseen: colours and shapes that training never joins")
        .choices(["seen", "unseen", "both"])
        .default("seen"),
    )
    .option("--blind", "ask once more with every picture grey")
    .option("--few-shot", "ask without the chat template, too, after no and after four demonstrations")
    .addOption(
      new Option("--card", "print a model card's tables as Markdown: all of the above, of the first model").conflicts([
        "split",
        "blind",
        "fewShot",
        "json",
      ]),
    )
    .option("-o, --out <folder>", "keep the runs there, for infimm eval report")
    .option("--batch <count>", "prompts at a time", wholeNumber(1), 8)
    .addOption(new Option("--backend <name>", "where to compute").choices(backendNames()).default(getBackend().name))
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", HELP)
    .action(judgeWorld);
}

function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function judgeWorld(options: WorldOptions): Promise<void> {
  const models = options.model ?? [SHIPPED_MODEL];
  const out = options.out ?? (await mkdtemp(join(tmpdir(), "infimm-world-")));
  try {
    const runs: WorldRun[] = [];
    for (const [i, model] of models.entries()) {
      const parts = options.card && i > 0 ? (["seen"] as const) : partsOf(options);
      const found = await runsOf(model, parts, join(out, `model-${i + 1}`), options);
      runs.push(...found.map((run) => ({ ...run, model: i })));
    }
    if (options.json) console.log(JSON.stringify(worldJson(models, runs)));
    else if (options.card) console.log(cardOf(models, runs));
    else printWorld(models, runs);
  } finally {
    if (options.out === undefined) await rm(out, { recursive: true });
  }
}

function partsOf({ split, blind, fewShot, card }: WorldOptions): readonly WorldPart[] {
  if (card) return WORLD_PARTS;
  return WORLD_PARTS.filter((part) => {
    if (part === "blind") return blind;
    if (part === "seen" || part === "unseen") return split === "both" || split === part;
    return fewShot;
  });
}

async function runsOf(
  model: string,
  parts: readonly WorldPart[],
  out: string,
  options: WorldOptions,
): Promise<Omit<WorldRun, "model">[]> {
  const { backend, quiet } = options;
  const assistant = await loadAssistant({ model, backend, quiet });
  const runs: Omit<WorldRun, "model">[] = [];
  for (const part of parts) runs.push({ part, ...(await runOf(assistant, model, part, { ...options, out })) });
  return runs;
}

async function runOf(
  assistant: Assistant,
  model: string,
  part: WorldPart,
  { count, card, backend, batch, quiet, out }: WorldOptions & { out: string },
): Promise<Run> {
  const progress = progressLine(quiet);
  return interruptible((signal) =>
    runWorldPart(part, {
      count: count ?? (card ? CARD_COUNT : COUNT),
      assistant,
      model: placeOf(model),
      dtype: "as stored",
      backend,
      out,
      version: packageVersion(),
      batch,
      signal,
      onProgress: (done, total, left) =>
        progress.show(() => `${model}, ${part}: ${done} of ${total}, ${timeText(left)} left`),
    }).finally(() => progress.end()),
  );
}

function cardOf([name, ...others]: readonly string[], runs: readonly WorldRun[]): string {
  const own: WorldRuns = Object.fromEntries(runs.slice(0, WORLD_PARTS.length).map((run) => [run.part, run]));
  const beside = runs.slice(WORLD_PARTS.length).map((seen, i) => ({ name: titleOf(others[i]), seen }));
  return worldCard(titleOf(name), own as Required<WorldRuns>, beside);
}

function titleOf(model: string): string {
  return printable(basename(model));
}
