import { join } from "node:path";
import { Command, Option } from "commander";
import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { ablate } from "../model/train/tiny/ablate.ts";
import { ablationTable } from "../model/train/tiny/ablation.ts";
import type { TinyRun } from "../model/train/tiny/modelBefore.ts";
import { TINY_RECIPE, TINY_STAGES, type TinyStage } from "../model/train/tiny/recipe.ts";
import { shipTrained, trainTiny } from "../model/train/tiny/trainTiny.ts";
import { wholeNumber } from "./answerOptions.ts";
import { interruptible } from "./interruptible.ts";

interface Options {
  out: string;
  stage?: TinyStage;
  seed: number;
  threads?: number;
  saveEvery: number;
  quiet?: boolean;
  ablate?: boolean;
}

const HELP = `
The stages: tower (says what is where, through a decoder that is thrown away), language (answers about written scenes),
then the model card's pt, mtt and ift, with tower and language model frozen. All data are drawn from the seed.
--ablate, once tower and language are done, trains a short connector between them for each thing that Flamingo could be
without, about ten minutes each, and prints a table. Ctrl-C finishes the update and saves; the same command goes on. At the end the model stands in <folder>/infimm-tiny, with
pictures and what it says about them.

Examples:
  $ infimm train tiny --out tiny
  $ infimm train tiny --out tiny --stage language --threads 2
  $ infimm train tiny --out tiny --ablate`;

export function trainTinyCommand(): Command {
  return new Command("tiny")
    .description("train infimm-tiny from nothing")
    .requiredOption("--out <folder>", "a folder for each stage is made in it")
    .addOption(new Option("--stage <name>", "only this one").choices([...TINY_STAGES]))
    .addOption(new Option("--ablate", "compare what the connector could be without").conflicts("stage"))
    .option("--seed <number>", "another seed draws other data and weights", wholeNumber(0), 1)
    .option("--threads <count>", "default: all cores", wholeNumber(1))
    .option("--save-every <count>", "updates between two checkpoints", wholeNumber(1), 50)
    .option("-q, --quiet", "show no progress")
    .addHelpText("after", HELP)
    .action(async ({ out, stage, seed, threads, saveEvery, quiet, ablate: ablates }: Options) => {
      const backend = createWasmBackend({ threads });
      const say = quiet ? () => {} : (line: string) => console.error(line);
      if (ablates) return ablateCommand({ folder: out, seed, backend, saveEvery }, say);
      const mean = new RecentMean();
      const trained = { folder: out, seed, backend };
      const done = await interruptible((signal) =>
        trainTiny({
          ...trained,
          stages: stage && [stage],
          saveEvery,
          signal,
          onUpdate: (name, { update, losses: [loss], gradNorm, lr, seconds }) => {
            mean.add(loss ?? 0);
            if ((update + 1) % SHOW_EVERY !== 0) return;
            const took = Object.values(seconds).reduce((sum, part) => sum + part, 0);
            say(
              `${name} ${update + 1}/${TINY_RECIPE[name].updates}  loss ${mean.take().toFixed(4)}  norm ${gradNorm.toFixed(2)}  lr ${lr.toExponential(1)}  ${took.toFixed(2)} s`,
            );
          },
          onExam: ({ stage: examined, update, found }) => {
            const shares = Object.entries(found).map(([task, share]) => `${task} ${(100 * share!).toFixed(0)} %`);
            say(`${examined} ${update}, of held-out scenes right: ${shares.join(", ")}`);
          },
        }),
      );
      if (!done) return;
      if (stage === undefined) await shipTrained(trained, join(out, "infimm-tiny"));
      console.log(stage === undefined ? join(out, "infimm-tiny") : `${out}: ${stage} done`);
    });
}

async function ablateCommand(run: TinyRun, say: (line: string) => void): Promise<void> {
  const rows = await interruptible((signal) =>
    ablate({
      ...run,
      signal,
      onUpdate: (name, update, loss) => {
        if (update % SHOW_EVERY === 0) say(`${name} ${update}  loss ${loss?.toFixed(4) ?? "-"}`);
      },
      onDone: (row) => say(ablationTable([row])),
    }),
  );
  if (rows) console.log(ablationTable(rows));
}

/** Updates between two lines of progress. */
const SHOW_EVERY = 20;

class RecentMean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }

  /** The mean of what was added since the last time. */
  take(): number {
    const mean = this.#sum / this.#count;
    [this.#sum, this.#count] = [0, 0];
    return mean;
  }
}
