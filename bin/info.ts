import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { InfimmError } from "../core/errors.ts";
import { parseConfig } from "../model/config/config.ts";
import { InfiMM } from "../model/infimm.ts";
import { readJson } from "../model/files/readFile.ts";
import { VARIANTS, type VariantName } from "../model/config/variants.ts";
import { nearestNames } from "../model/checkpoint/load/nearestNames.ts";
import { report } from "../nn/report.ts";
import type { Report } from "../nn/reportTable.ts";
import { wholeNumber } from "./answerOptions.ts";
import { placeOf } from "./package.ts";

const NAMES = Object.keys(VARIANTS);

const HELP = `
The cost is that of one picture and 32 tokens; a multiply and an add are two operations. Weights count as f32.

Examples:
  $ infimm info infimm-zephyr --depth 5
  $ infimm info path/to/checkpoint --json`;

export function infoCommand(): Command {
  return new Command("info")
    .description("shapes, parameters and cost of a model, without weights")
    .argument("<model>", `a folder with a config.json, infimm-tiny, or one of ${NAMES.join(", ")}`)
    .option("-d, --depth <levels>", "how deep to list modules", wholeNumber(0), 3)
    .option("--json", "print one JSON object, with every module")
    .addHelpText("after", HELP)
    .action(async (name: string, { depth, json }: { depth: number; json?: boolean }) => {
      const result = report(new InfiMM(parseConfig(await configJsonFor(name), name)));
      if (json) console.log(JSON.stringify(asJson(name, result)));
      else console.log(`${describe(name)}\n\n${result.toString({ depth })}`);
    });
}

/** The contents of a config.json: of a model of the family by its name, or of a checkpoint by its folder. */
export async function configJsonFor(name: string): Promise<Record<string, unknown>> {
  if (isVariant(name)) return VARIANTS[name].json;
  const folder = placeOf(name);
  const path = existsSync(join(folder, "config.json")) ? join(folder, "config.json") : name;
  if (existsSync(path) && path.endsWith(".json")) return readJson(path, "model config");
  const near = nearestNames(name, ["infimm-tiny", ...NAMES], 2);
  const hint = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `The family: ${NAMES.join(", ")}.`;
  throw new InfimmError(`"${name}" is neither a model of the family nor a folder with a config.json. ${hint}`);
}

function isVariant(name: string): name is VariantName {
  return Object.hasOwn(VARIANTS, name);
}

function describe(name: string): string {
  return isVariant(name) ? `${name}: ${VARIANTS[name].evidence}` : name;
}

function asJson(name: string, { rows, total, unused }: Report) {
  return { model: name, ...total, unused, modules: rows };
}
