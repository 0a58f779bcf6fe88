import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { openCheckpoint } from "../model/checkpoint/openCheckpoint.ts";
import { readProcessorFiles } from "../model/checkpoint/processorFiles.ts";
import { Processor } from "../model/processor/processor.ts";
import { inspectionText, inspectRecords, type Inspection } from "../model/train/inspect.ts";
import { DATA_KINDS, openData } from "../model/train/readers/openData.ts";
import { writeDocuments } from "../model/train/readers/writeDocuments.ts";
import { sheetHtml } from "../model/train/sheet.ts";
import { writeWorld } from "../model/train/world/writeWorld.ts";
import { wholeNumber } from "./answerOptions.ts";
import { interruptible } from "./interruptible.ts";
import { placeOf } from "./package.ts";
import { progressLine } from "./progressLine.ts";

const DATA = `
<data> is a folder of pictures with captions (cat.jpg, cat.txt), tar shards of such pairs (shards/{00000..00099}.tar), or
<kind>:<path>?<key>=<value>&..., where kind is one of
  ${DATA_KINDS.join(", ")}.`;

const INSPECT_HELP = `${DATA}

Examples:
  $ infimm data inspect pictures --sheet
  $ infimm data inspect "laion/{00000..00009}.tar" --count 10000
  $ infimm data inspect "vqa:questions.json?annotations=annotations.json&images=train2014" --model infimm-tiny`;

const CONVERT_HELP = `${DATA}

Pairs become what img2dataset writes; anything else becomes shards that are read as documents:<folder>/{00000..N}.tar.

Example:
  $ infimm data convert "llava:llava_v1_5_mix665k.json?images=pictures" shards --seed 0`;

export function dataCommand(): Command {
  return new Command("data")
    .description("look at training data, and rewrite it")
    .addCommand(inspectCommand())
    .addCommand(convertCommand())
    .addCommand(worldCommand());
}

interface InspectFlags {
  count: number;
  model?: string;
  sheet?: string | true;
  quiet?: boolean;
  json?: boolean;
}

function inspectCommand(): Command {
  return new Command("inspect")
    .description("what records there are, what is left out and why, and how long they are")
    .argument("<data...>", "what to look at")
    .option("-n, --count <records>", "how many records to look at, drawn from all", wholeNumber(1), 1000)
    .option("-m, --model <model>", "lay out and tokenise them for this model, too")
    .option("--sheet [file]", "write a page of 24 documents with their pictures (default: sheet.html)")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one JSON object a source")
    .addHelpText("after", INSPECT_HELP)
    .action(async (names: string[], { count, model, sheet, quiet, json }: InspectFlags) => {
      const { sources } = await openData(names);
      const processor = model === undefined ? undefined : await processorOf(model);
      const found: Inspection[] = [];
      for (const records of sources) {
        const progress = progressLine(quiet);
        try {
          const onProgress = (done: number, total: number) =>
            progress.show(() => `${records.source}: ${done} of ${total}`);
          const shown = Math.ceil(24 / sources.length);
          found.push(await inspectRecords(records, { count, processor, shown, onProgress }));
        } finally {
          progress.end();
          await records.close?.();
        }
      }
      const texts = found.map((one) => (json ? JSON.stringify(asJson(one)) : inspectionText(one)));
      console.log(texts.join(json ? "\n" : "\n\n"));
      if (sheet === undefined) return;
      const file = sheet === true ? "sheet.html" : sheet;
      await writeFile(
        file,
        await sheetHtml(
          names.join(", "),
          found.flatMap(({ shown }) => shown),
        ),
      );
      if (!json) console.log(`\nsome of them, with their pictures: ${file}`);
    });
}

async function processorOf(model: string): Promise<Processor> {
  return Processor.from(await readProcessorFiles(await openCheckpoint(placeOf(model))));
}

function asJson({ leftOut, shown: _, ...found }: Inspection) {
  return { ...found, seen: leftOut.seen, leftOut: leftOut.state().reasons };
}

interface ConvertFlags {
  shardSize: number;
  seed?: string;
  quiet?: boolean;
  json?: boolean;
}

function convertCommand(): Command {
  return new Command("convert")
    .description("write a source as tar shards")
    .argument("<data>", "what to read")
    .argument("<folder>", "where to write 00000.tar and so on")
    .option("--shard-size <samples>", "samples in a shard", wholeNumber(1), 1000)
    .option("--seed <seed>", "write them in the order in which a run with this seed reads its first epoch")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one JSON object")
    .addHelpText("after", CONVERT_HELP)
    .action(async (name: string, folder: string, { shardSize, seed, quiet, json }: ConvertFlags) => {
      const { sources } = await openData([name]);
      const progress = progressLine(quiet);
      const onProgress = (done: number, total: number) => progress.show(() => `${done} of ${total} records`);
      try {
        const options = { shardSize, seed, onProgress };
        const { written, shards, summary } = await interruptible((signal) =>
          writeDocuments(sources[0], folder, { ...options, signal }),
        );
        if (json) console.log(JSON.stringify({ from: name, to: folder, written, shards, summary }));
        else console.log(`${folder}: ${written} samples in ${shards} shard${shards === 1 ? "" : "s"}; ${summary}`);
      } finally {
        progress.end();
        await sources[0].close?.();
      }
    });
}

interface WorldFlags {
  out: string;
  count: number;
  seed: string;
}

const WORLD_HELP = `
Scenes of emoji as COCO captions, VQAv2, LLaVA and MMC4 have their records: small data with known answers.

Example:
  $ infimm data world --out world --count 1000
  $ infimm data inspect "vqa:world/questions.json?annotations=world/annotations.json&images=world/images"`;

function worldCommand(): Command {
  return new Command("world")
    .description("draw the small world of infimm-tiny, in the public formats")
    .requiredOption("--out <folder>", "where to; is made")
    .option("-n, --count <documents>", "documents of each format", wholeNumber(1), 100)
    .option("--seed <seed>", "another seed draws other scenes", "0")
    .addHelpText("after", WORLD_HELP)
    .action(async ({ out, count, seed }: WorldFlags) => {
      const names = await interruptible((signal) => writeWorld(out, { count, seed, signal }));
      console.log(names.join("\n"));
    });
}
