import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `npm test`: types, lint, and all tests but the long ones, ending in the line `N passed, N failed`. Types and lint
 * count as one check each. `npm run test:long` (`--long`): only the tests of `*.long.test.ts`. Arguments go to vitest:
 * `npm test -- core` runs the tests of core only.
 */
const long = process.argv.includes("--long");
const toVitest = process.argv.slice(2).filter((argument) => argument !== "--long");
const counts = { passed: 0, failed: 0, skipped: 0 };

/** What vitest's JSON says of a file; one that did not load has no results. */
interface FileResult {
  status: string;
  assertionResults: unknown[];
}

function run(command: string, args: readonly string[], env = process.env): boolean {
  console.log(`\n> ${command} ${args.join(" ")}`);
  return spawnSync("npx", ["--no-install", command, ...args], { stdio: "inherit", env }).status === 0;
}

function check(command: string, ...args: string[]): void {
  if (run(command, args)) counts.passed++;
  else counts.failed++;
}

if (!long) {
  check("tsc", "--noEmit", "-p", ".");
  check("biome", "check");
}
const folder = mkdtempSync(join(tmpdir(), "infimm-test-"));
const report = join(folder, "report.json");
const ended = run(
  "vitest",
  ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...toVitest],
  long ? { ...process.env, LONG: "1" } : process.env,
);
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
