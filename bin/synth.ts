import { Command } from "commander";
import { writeSyntheticCheckpoint } from "../model/checkpoint/syntheticCheckpoint.ts";
import { parameterCount } from "../nn/parameterCount.ts";
import { bytesText } from "../nn/reportTable.ts";
import { wholeNumber } from "./answerOptions.ts";
import { configJsonFor } from "./info.ts";
import { interruptible } from "./interruptible.ts";
import { SHIPPED_MODEL } from "./package.ts";
import { byteProgress } from "./progressLine.ts";

interface SynthOptions {
  variant: string;
  layers?: number;
  visionLayers?: number;
  seed: number;
  quiet?: boolean;
}

const HELP = `
The weights are random numbers of the sizes that trained ones have: what it answers means nothing, but it takes the
time and the memory of the real model.

Examples:
  $ infimm synth big                                   # 9.8 billion parameters, 19.7 GB
  $ infimm synth small --layers 2 --vision-layers 2`;

export function synthCommand(): Command {
  return new Command("synth")
    .description("write a checkpoint of a model's exact shapes with seeded random weights")
    .argument("<folder>", "where to; is made")
    .option("--variant <model>", "a model of the family, or a folder with a config.json", "infimm-zephyr")
    .option("--layers <count>", "layers of the language model, instead of all", wholeNumber(1))
    .option("--vision-layers <count>", "layers of the image tower, instead of all", wholeNumber(1))
    .option("--seed <number>", "another seed makes other weights", wholeNumber(0), 0)
    .option("-q, --quiet", "no progress")
    .addHelpText("after", HELP)
    .action(async (folder: string, { variant, quiet, ...options }: SynthOptions) => {
      const json = await configJsonFor(variant);
      const progress = byteProgress("writing weights", quiet);
      try {
        const model = await interruptible((signal) =>
          writeSyntheticCheckpoint(folder, json, SHIPPED_MODEL, { ...options, onProgress: progress.show, signal }),
        );
        const parameters = new Intl.NumberFormat("en").format(parameterCount(model));
        progress.end();
        console.log(`${folder}: ${parameters} parameters in bf16, ${bytesText(2 * parameterCount(model))}`);
      } finally {
        progress.end();
      }
    });
}
