import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { writeText } from "../model/files/writeWhole.ts";
import type { Check } from "./check.ts";
import { checkTraining } from "./checkTraining.ts";
import { diagnose } from "./diagnose.ts";
import { htmlReport } from "./report.ts";
import { checkSet } from "./run.ts";
import { summaryTable } from "./table.ts";

interface CheckOptions {
  backend: string;
  case?: string;
  json?: string;
  html?: string;
}

/** `golden check`: the command line over `checkSet`. Sets the exit code: 0 all passed, 1 something failed. */
export function goldenCommand(): Command {
  const golden = new Command("golden").description("compare with the PyTorch original, activation by activation");
  golden
    .command("check")
    .description("check our model against everything that golden sets hold")
    .argument(
      "<folder...>",
      "folders with config.json, model.safetensors, and golden.safetensors and golden.json, or a training run's training.json",
    )
    .option("--backend <name>", "where to compute", "cpu")
    .option("--case <name>", "only this case")
    .option("--json <file>", "write every check as JSON")
    .option("--html <file>", "write a page with error by layer")
    .addHelpText("after", "\nExample:\n  $ infimm golden check golden/fixtures/tiny-zephyr --html report.html")
    .action(check);
  return golden;
}

async function check(folders: readonly string[], options: CheckOptions): Promise<void> {
  const progress = process.stderr.isTTY ? (what: string) => process.stderr.write(`\r\x1b[K${what}`) : undefined;
  const checks: Check[] = [];
  for (const folder of folders) {
    const run = { backend: options.backend, case: options.case, onProgress: progress };
    const [isSet, isTraining] = ["golden.json", "training.json"].map((name) => existsSync(join(folder, name)));
    if (isTraining) checks.push(...(await checkTraining(folder, run)));
    if (isSet || !isTraining) checks.push(...(await checkSet(folder, run)).checks);
  }
  progress?.("");
  console.log(summaryTable(checks));
  const diagnosis = diagnose(checks);
  if (diagnosis) console.log(`\n${diagnosis.text}`);
  if (options.json) await writeText(options.json, JSON.stringify({ backend: options.backend, checks }, null, 1));
  if (options.html) await writeText(options.html, htmlReport(`Golden check on ${options.backend}`, checks));
  const failed = checks.filter((c) => !c.passed).length;
  console.log(`\n${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
