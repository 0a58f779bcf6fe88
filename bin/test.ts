import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `npm test`: types, lint, and all tests but the long ones, ending in the line `N passed, N failed`. Types and lint
 * count as one check each, and run beside the tests: each keeps one core busy at most. `npm run test:long` (`--long`):
 * only the tests of `*.long.test.ts`. Arguments go to vitest: `npm test -- core` runs the tests of core only.
 */
const long = process.argv.includes("--long");
const toVitest = process.argv.slice(2).filter((argument) => argument !== "--long");
const counts = { passed: 0, failed: 0, skipped: 0 };

/** What vitest's JSON says of a file; one that did not load has no results. */
interface FileResult {
  status: string;
  assertionResults: unknown[];
}

/** Whether a command of a package succeeds. @param shows where its output goes: at once, or as one piece when it ends */
async function run(command: string, args: readonly string[], shows: "at once" | "at its end"): Promise<boolean> {
  const title = `\n> ${command} ${args.join(" ")}`;
  const atOnce = shows === "at once";
  if (atOnce) console.log(title);
  const env = long ? { ...process.env, LONG: "1" } : process.env;
  const child = spawn("npx", ["--no-install", command, ...args], { stdio: atOnce ? "inherit" : "pipe", env });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes) => said.push(bytes));
  const [status] = await once(child, "close");
  if (!atOnce) process.stdout.write(`${title}\n${Buffer.concat(said)}`);
  return status === 0;
}

const checks = long ? [] : [run("tsc", ["--noEmit", "-p", "."], "at its end"), run("biome", ["check"], "at its end")];
const folder = mkdtempSync(join(tmpdir(), "infimm-test-"));
const report = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const ended = await run("vitest", ["run", ...reporters, ...toVitest], "at once");
for (const passed of await Promise.all(checks)) {
  if (passed) counts.passed++;
  else counts.failed++;
}
try {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  const unloaded = testResults.filter((file: FileResult) => file.status === "failed" && !file.assertionResults.length);
  counts.passed += numPassedTests;
  counts.skipped += numPendingTests;
  counts.failed += numFailedTests + unloaded.length;
  if (!ended && counts.failed === 0) counts.failed++; // an error outside of any test
} catch {
  counts.failed++; // vitest crashed before it could report
}
rmSync(folder, { recursive: true });
if (counts.skipped > 0) console.log(`\n${counts.skipped} skipped`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
