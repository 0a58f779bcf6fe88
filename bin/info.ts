import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { InfimmError } from "../core/errors.ts";
import { type InfiMMConfig, parseConfig } from "../model/config.ts";
import { InfiMM } from "../model/infimm.ts";
import { readJson } from "../model/pretrained.ts";
import { configOf, VARIANTS, type VariantName } from "../model/variants.ts";
import { type Report, report } from "../nn/report.ts";
import { nearestNames } from "../model/weights/nearestNames.ts";

export function infoCommand(): Command {
  return new Command("info")
    .description("shapes, parameters and cost of a model, without weights")
    .argument("<model>", `a folder with a config.json, or one of ${Object.keys(VARIANTS).join(", ")}`)
    .option("-d, --depth <levels>", "how deep to list modules", Number, 3)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nThe cost is that of one picture and 32 tokens; a multiply and an add are two operations.\n\nExample:\n  $ infimm info infimm-zephyr --depth 5",
    )
    .action(async (name: string, options: { depth: number; json?: boolean }) => {
      const model = new InfiMM(await configFor(name));
      const result = report(model);
      if (options.json) console.log(JSON.stringify(asJson(name, result)));
      else console.log(`${describe(name)}\n\n${result.toString({ depth: options.depth })}`);
    });
}

async function configFor(name: string): Promise<InfiMMConfig> {
  if (name in VARIANTS) return configOf(name as VariantName);
  const path = existsSync(join(name, "config.json")) ? join(name, "config.json") : name;
  if (existsSync(path) && path.endsWith(".json")) return parseConfig(await readJson(path), path);
  const near = nearestNames(name, Object.keys(VARIANTS), 2);
  const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
  throw new InfimmError(`"${name}" is neither a model of the family nor a folder with a config.json.${hint}`);
}

function describe(name: string): string {
  return name in VARIANTS ? `${name}: ${VARIANTS[name as VariantName].evidence}` : name;
}

function asJson(name: string, { rows, total, unused }: Report) {
  return { model: name, ...total, unused, modules: rows };
}
