import { join } from "node:path";
import { Command, Option } from "commander";
import { createWasmBackend } from "../backends/wasm/wasm.ts";
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
}

const HELP = `
The stages: tower (says what is where, through a decoder that is thrown away), language (answers about written scenes),
then the model card's pt, mtt and ift, with tower and language model frozen. All data are drawn from the seed.
Ctrl-C finishes the update and saves; the same command goes on. At the end the model stands in <folder>/infimm-tiny, with
pictures and what it says about them.

Examples:
  $ infimm train tiny --out tiny
  $ infimm train tiny --out tiny --stage language --threads 2`;

export function trainTinyCommand(): Command {
  return new Command("tiny")
    .description("train infimm-tiny from nothing")
    .requiredOption("--out <folder>", "a folder for each stage is made in it")
    .addOption(new Option("--stage <name>", "only this one").choices([...TINY_STAGES]))
    .option("--seed <number>", "another seed draws other data and weights", wholeNumber(0), 1)
    .option("--threads <count>", "default: all cores", wholeNumber(1))
    .option("--save-every <count>", "updates between two checkpoints", wholeNumber(1), 50)
    .option("-q, --quiet", "show no progress")
    .addHelpText("after", HELP)
    .action(async ({ out, stage, seed, threads, saveEvery, quiet }: Options) => {
      const backend = createWasmBackend({ threads });
      const say = quiet ? () => {} : (line: string) => console.error(line);
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
          onExam: (update, level, found) => {
            const shares = Object.entries(found).map(([task, share]) => `${task} ${(100 * share!).toFixed(0)} %`);
            say(`language ${update}, level ${level}, of written scenes right: ${shares.join(", ")}`);
          },
        }),
      );
      if (!done) return;
      if (stage === undefined) await shipTrained(trained, join(out, "infimm-tiny"));
      console.log(stage === undefined ? join(out, "infimm-tiny") : `${out}: ${stage} done`);
    });
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
