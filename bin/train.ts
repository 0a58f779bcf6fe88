import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { InfimmError } from "../core/errors.ts";
import { writeText } from "../model/files/writeWhole.ts";
import { refuseExisting } from "../model/checkpoint/convert/writeFolder.ts";
import { exportRun } from "../model/train/export/exportRun.ts";
import { parseConfig } from "../model/config/config.ts";
import { InfiMM } from "../model/infimm.ts";
import { Processor } from "../model/processor/processor.ts";
import { mergeLora } from "../nn/lora.ts";
import { latestCheckpoint } from "../model/train/checkpoint.ts";
import { statusLine, terminalPlot, lossOf, smoothed } from "../model/train/curves.ts";
import { trainedTable } from "../model/train/trainedTable.ts";
import { type Preset, PRESETS, presetOf, presetTable, withChanges } from "../model/train/presets/presets.ts";
import { planOf, planText } from "../model/train/plan.ts";
import { Feed } from "../model/train/feed.ts";
import { preparer } from "../model/train/prepare.ts";
import { folderRecords } from "../model/train/readers/folder.ts";
import { type OpenedData, openData } from "../model/train/readers/openData.ts";
import { reportPage } from "../model/train/reportPage.ts";
import { showLegend, showSample } from "../model/train/show.ts";
import { checkRecipe } from "../model/train/presets/checkRecipe.ts";
import { fineTune, type LoraChoice, loadForTraining, sampleOptions, saveModel, type Training, trainingOf, withLora } from "../model/train/training.ts"; // biome-ignore format: one list
import { type LogLine, readLog } from "../model/train/updateLog.ts";
import { type Backend, openBackend } from "../tensor/index.ts";
import { EXIT } from "./failure.ts";
import { configJsonFor } from "./info.ts";
import { packageFolder, placeOf, SHIPPED_MODEL } from "./package.ts";

const HELP = `
The data are folders of pictures: with metadata.jsonl, {"file_name": "a.png", "text": "A caption."} a line and if you
like a "question"; or with a caption in a.txt beside each a.png. Tar shards and public sets are named as for
infimm data inspect: "llava:mix.json?images=pictures&weight=2". --show 3 prints samples with what bears loss. Ctrl-C finishes the update and saves; --resume goes on.

Examples:
  $ infimm train --preset finetune --data pictures/ --out run --updates 200
  $ infimm train --preset finetune --data pictures/ --out run --resume
  $ infimm train --preset pt-7b --print
  $ infimm train --preset pt-7b --model infimm-zephyr --plan
  $ infimm train --preset ift-7b --data "llava:mix.json?images=pictures" --model Infi-MM/infimm-zephyr --export run
  $ infimm train --data pictures/ --lora "model.lang_encoder.**.self_attn.*_proj" --out run
  $ infimm train --data pictures/ --set max_lr=1e-3 --set batch=4 --set micro_batch=4 --out run`;

interface Options {
  preset: string;
  data: string[];
  model: string;
  out?: string;
  updates?: number;
  resume?: boolean;
  force?: boolean;
  print?: boolean;
  plan?: boolean;
  export?: string;
  lora?: string;
  loraRank?: number;
  show?: number;
  saveEvery: number;
  set: Record<string, unknown>;
  backend: string;
  threads?: number;
  quiet?: boolean;
  json?: boolean;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("train a model further: on your own pictures and captions, or by the recipes of the model card")
    .addOption(new Option("--preset <name>", "the numbers of the run").choices(PRESETS).default("finetune"))
    .option("--data <data...>", "folders of pictures with captions, tar shards, or public sets by name", [])
    .option("-m, --model <folder>", "the checkpoint to begin with", SHIPPED_MODEL)
    .option("--out <folder>", "where checkpoints, log.jsonl, report.html and the trained model go")
    .option("--updates <n>", "updates in all (default: the preset's, or one epoch)", count)
    .option("--resume", "go on with the run in --out")
    .option("--force", "go on although preset, data or model are others than they were")
    .option("--set <field=value>", "change a number of the preset; again for others", change, {})
    .option("--print", "show the preset, and where each of its numbers comes from")
    .option("--plan", "say what learns and what an update takes, in memory and operations, and train nothing")
    .option("--export <folder>", "write what trains this on the original's classes with PyTorch, and train nothing")
    .option(
      "--lora <pattern>",
      "only parts of low rank learn, beside the linear layers of these paths; merged at the end",
    )
    .option("--lora-rank <n>", "their rank (default: 8)", count)
    .option("--show <n>", "print the first samples of the run with what bears loss, and train nothing", count)
    .option("--save-every <n>", "updates between two checkpoints", count, 100)
    .option("--backend <name>", "where to compute", "wasm")
    .option("--threads <n>", "of the wasm backend", count)
    .option("-q, --quiet", "show no progress")
    .option("--json", "print a JSON object for each update instead of the plot")
    .addHelpText("after", HELP)
    .action(run);
}

async function run(options: Options): Promise<void> {
  const preset = withChanges(presetOf(options.preset), options.set);
  if (options.print) {
    console.log(options.json ? JSON.stringify(preset) : presetTable(preset));
    return;
  }
  if (options.loraRank && !options.lora)
    throw new InfimmError("train: --lora-rank needs --lora, the layers to learn beside");
  if (options.plan) {
    await plan(preset, options);
    return;
  }
  if (options.export) {
    await exportTo(options.export, preset, options);
    return;
  }
  const out = options.out;
  if (!out && !options.show) throw new InfimmError("train: say with --out where the run goes");
  if (options.data.length === 0) throw new InfimmError("train: say with --data what to learn from");
  if (!out || options.show) {
    await show(preset, options);
    return;
  }
  await requireIntention(out, options.resume);
  const backend = await backendOf(options);
  const training = await prepare(preset, options, backend);
  if (!options.quiet && !options.json) console.error(trainedTable(training.model, training.trainer.trained));
  const end = await withInterrupts(options, (signal) =>
    fineTune(training, {
      folder: out,
      saveEvery: options.saveEvery,
      force: options.force,
      signal,
      remarks: { backend: backend.name, threads: options.threads ?? null, preset: preset.name },
      onUpdate: display(options, training.updates),
    }),
  );
  const lines = await readLog(join(out, "log.jsonl"));
  await writeText(join(out, "report.html"), reportPage(`${preset.name} in ${out}`, lines));
  if (!end.done) return;
  if (options.lora) mergeLora(training.model);
  await saveModel(training.model, placeOf(options.model), join(out, "model"));
  if (!options.json) console.log(`${end.updates} updates made; the model is in ${join(out, "model")}, its curves in ${join(out, "report.html")}`); // biome-ignore format: one line
}

async function prepare(preset: Preset, options: Options, backend: Backend): Promise<Training> {
  const { model, processor } = await loadForTraining(placeOf(options.model), backend);
  const { sources, weights } = await dataOf(preset, options);
  const { updates } = options;
  return trainingOf(model, processor, {
    recipe: preset.recipe,
    data: sources,
    weights,
    updates,
    lora: loraOf(options),
  });
}

function loraOf({ lora: pattern, loraRank: rank }: Options): LoraChoice | undefined {
  return pattern === undefined ? undefined : { pattern, rank };
}

/** What a run would take, from the model's config alone. */
async function plan({ recipe }: Preset, options: Options): Promise<void> {
  checkRecipe(recipe, [recipe.stage]);
  const model = new InfiMM(parseConfig(await configJsonFor(options.model), options.model));
  const lora = loraOf(options);
  const planned = planOf(model, recipe, lora && withLora(model, lora, recipe.seed));
  console.log(options.json ? JSON.stringify(planned) : planText(planned));
}

/** The run for PyTorch: without --data, without samples. */
async function exportTo(folder: string, preset: Preset, options: Options): Promise<void> {
  checkRecipe(preset.recipe, [preset.recipe.stage]);
  if (options.lora) throw new InfimmError("train: --export writes no LoRA; the original's classes have none");
  await refuseExisting(folder);
  const place = placeOf(options.model);
  const { model, processor } = await loadForTraining(place, await backendOf(options));
  const { sources, weights } = options.data.length > 0 ? await dataOf(preset, options) : { sources: [] };
  if (sources.length === 0 && preset.recipe.updates === null && !options.updates) {
    throw new InfimmError("train: --export without --data needs --updates");
  }
  await exportRun(folder, model, processor, {
    recipe: preset.recipe,
    data: sources,
    weights,
    updates: options.updates,
    config: await configJsonFor(place),
    script: await readFile(join(packageFolder(), "model", "train", "export", "train.py"), "utf8"),
  });
  console.log(`${folder} is written; how to run it stands in ${join(folder, "train.py")}`);
}

/** Folders by the stage's layout, everything else by its name. */
async function dataOf({ recipe }: Preset, { data }: Options): Promise<OpenedData> {
  const layout = recipe.stage === "pt" ? "pair" : "chat";
  const isFolder = (name: string) => existsSync(name) && statSync(name).isDirectory();
  const folders = await Promise.all(data.filter(isFolder).map((folder) => folderRecords(folder, layout)));
  const named = await openData(data.filter((name) => !isFolder(name)));
  const unweighed = named.weights && folders.map(({ source, length }) => [source, length]);
  if (unweighed?.length)
    throw new InfimmError(`train: a weight is given for some data, but none for ${unweighed[0][0]}`);
  return { sources: [...folders, ...named.sources], weights: named.weights };
}

/** The samples that a run would begin with. */
async function show(preset: Preset, options: Options): Promise<void> {
  const processor = await Processor.fromPretrained(placeOf(options.model));
  const { sources, weights } = await dataOf(preset, options);
  const { recipe } = preset;
  const feed = new Feed(sources, { seed: recipe.seed, weights, prepare: preparer(processor, sampleOptions(recipe)) });
  const colour = process.stdout.isTTY === true;
  console.log(`${showLegend({ colour })}\n`);
  for (let i = 0; i < options.show!; i++) console.log(`${showSample(await feed.next(), { colour })}\n`);
  console.log(feed.summary().join("\n"));
}

async function backendOf({ backend, threads }: Options): Promise<Backend> {
  if (threads === undefined) return openBackend(backend);
  if (backend !== "wasm") throw new InfimmError(`--threads are of the wasm backend, not of ${backend}`);
  return createWasmBackend({ threads });
}

/** A folder with a run is not begun anew by mistake, nor is a new one taken for it. */
async function requireIntention(out: string, resume?: boolean): Promise<void> {
  const checkpoint = existsSync(out) ? await latestCheckpoint(out) : undefined;
  if (checkpoint && !resume)
    throw new InfimmError(`${out} has a run, at ${checkpoint}: go on with --resume, or give another --out`);
  if (!checkpoint && resume) throw new InfimmError(`${out} has no checkpoint to resume from; leave out --resume`);
}

/** Ctrl-C ends the run after the update that is being made; a second one at once. */
async function withInterrupts<T>(options: Options, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
    console.error("\nfinishing this update and saving; Ctrl-C again ends at once");
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  try {
    const result = await work(controller.signal);
    if (controller.signal.aborted) console.error(`saved; go on with:\n  ${commandToResume()}`);
    return result;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    if (options.json) process.stdout.write("");
  }
}

function commandToResume(): string {
  const given = process.argv.slice(2).filter((word) => word !== "--resume");
  const quoted = given.map((word) => (/^[\w./=:,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ["infimm", ...quoted, "--resume"].join(" ");
}

/** What is shown of each update: a plot that is drawn over once a second, a JSON line, or a line now and then. */
function display({ quiet, json }: Options, updates: number): (line: LogLine) => void {
  if (json) return (line) => console.log(JSON.stringify(line));
  if (quiet) return () => {};
  const lines: LogLine[] = [];
  let [next, drawn] = [0, 0];
  return (line) => {
    lines.push(line);
    const last = line.update + 1 === updates;
    if (performance.now() < next && !last) return;
    next = performance.now() + (process.stderr.isTTY ? 1000 : 30_000);
    const columns = Math.max(20, Math.min(100, (process.stderr.columns || 80) - 10));
    const plot = process.stderr.isTTY ? `${terminalPlot(smoothed(lines.map(lossOf), 0.2), { columns })}\n` : "";
    if (drawn > 0) process.stderr.write(`\x1b[${drawn}A\x1b[J`);
    process.stderr.write(`${plot}${statusLine(lines, updates)}\n`);
    drawn = plot === "" ? 0 : plot.split("\n").length;
  };
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number, 1 or more.");
  return value;
}

/** `max_lr=1e-4`: the value is JSON, or else text. */
function change(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, key, value] = /^([\w]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError("expected field=value, such as max_lr=1e-4.");
  try {
    return { ...before, [key]: JSON.parse(value) };
  } catch {
    return { ...before, [key]: value };
  }
}
