import { existsSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { isHubId } from "../model/checkpoint/hub/hubId.ts";
import { snapshot } from "../model/checkpoint/hub/snapshot.ts";
import { convertCheckpoint } from "../model/checkpoint/convert/convert.ts";
import { WEIGHT_DTYPES, type WeightDType } from "../model/checkpoint/convert/storeAs.ts";
import { bytesText } from "../nn/reportTable.ts";
import { downloadProgress } from "./downloadProgress.ts";
import { interruptible } from "./interruptible.ts";
import { placeOf } from "./package.ts";
import { progressLine } from "./progressLine.ts";
import { quantizationTable } from "./quantizationTable.ts";
import { type Vanished, vanishedText } from "./vanishedText.ts";

const HELP = `
<from> is a .safetensors, .bin or .pt file, an .index.json, a folder with one, or a name on the hub. <to> is a .safetensors or .bin file, or
a new folder, which gets the configuration and the tokenizer too. It appears when it is complete: an error, a full disk
or Ctrl-C leaves nothing behind.

Examples:
  $ infimm convert infimm-zephyr/pytorch_model.bin zephyr.safetensors
  $ infimm convert infimm-zephyr zephyr-q4 --dtype q4
  $ infimm convert infimm-zephyr zephyr-f16 --dtype f16 --shard-size 2GB
  $ infimm convert zephyr-f16 for-pytorch --format torch`;

interface Options {
  dtype?: WeightDType;
  shardSize: number;
  format: "safetensors" | "torch";
  report?: boolean;
  quiet?: boolean;
  json?: boolean;
}

export function convertCommand(): Command {
  return new Command("convert")
    .description("rewrite a checkpoint in another format or dtype")
    .argument("<from>", "the checkpoint")
    .argument("<to>", "the file or folder to write")
    .addOption(new Option("--dtype <dtype>", "store floats so (default: as they are)").choices(WEIGHT_DTYPES))
    .addOption(
      new Option("--format <format>", "what a folder gets").choices(["safetensors", "torch"]).default("safetensors"),
    )
    .option("--shard-size <size>", "split a folder's weights into files of at most this size", bytes, 5e9)
    .option("--report", "say what quantising did to each kind of weight (with --json: to each tensor)")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string, { dtype, shardSize, format, report, quiet, json }: Options) => {
      const progress = progressLine(quiet);
      let written = 0;
      const errors = new Map<string, number>();
      const vanished = new Map<string, Vanished>();
      try {
        await interruptible(async (signal) =>
          convertCheckpoint(await onDisk(from, signal, quiet), to, {
            dtype,
            format,
            shardBytes: shardSize,
            signal,
            onQuantized: report ? (name, error) => errors.set(name, error) : undefined,
            onVanished: (name, lost) => vanished.set(name, lost),
            onProgress: (done, total, name) => {
              written = done;
              progress.show(() => `${bytesText(done)} of ${bytesText(total)}: ${name}`);
            },
          }),
        );
      } finally {
        progress.end();
      }
      if (vanished.size > 0) console.error(vanishedText(vanished, report));
      if (json) {
        const reported = report ? { errors: Object.fromEntries(errors) } : {};
        const lost = vanished.size > 0 ? { vanished: Object.fromEntries(vanished) } : {};
        console.log(JSON.stringify({ from, to, bytes: written, ...lost, ...reported }));
      } else {
        console.log(`${to}: ${bytesText(written)} of weights`);
        if (report && errors.size > 0) console.log(`\n${quantizationTable(errors)}`);
        else if (report) console.log("nothing was quantised");
      }
    });
}

/** A name on the hub is downloaded first. */
async function onDisk(from: string, signal: AbortSignal, quiet?: boolean): Promise<string> {
  const place = placeOf(from);
  if (existsSync(place) || !isHubId(place)) return place;
  return snapshot(from, { signal, onDownload: quiet ? undefined : downloadProgress() });
}

const UNITS: Record<string, number> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

function bytes(text: string): number {
  const [, number, unit = "B"] = /^(\d+(?:\.\d+)?)\s*([KMG]?B)?$/.exec(text.toUpperCase()) ?? [];
  const size = Math.floor(Number(number) * UNITS[unit]);
  if (!(size >= 1)) throw new InvalidArgumentError("expected a size such as 5GB or 500MB.");
  return size;
}
