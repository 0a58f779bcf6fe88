import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BUNDLED } from "./consumers/bundlers.ts";
import { NEXT } from "./consumers/next.ts";
import { type Consumer, Project } from "./consumers/project.ts";
import { RUNTIMES } from "./consumers/runtimes.ts";
import { TYPESCRIPTS } from "./consumers/typescript.ts";

/**
 * `npm run consumers [-- PATTERN] [--folder FOLDER]`: packs the tarball, installs it as a user would, and builds and runs a
 * small app with each bundler, runtime and TypeScript that we say it works with. The folder is kept if it is named.
 */
const ALL: readonly Consumer[] = [...RUNTIMES, ...BUNDLED, NEXT, ...TYPESCRIPTS];

const args = process.argv.slice(2);
const at = args.indexOf("--folder");
const [, named] = at < 0 ? [] : args.splice(at, 2);
const [pattern = ""] = args;
const chosen = ALL.filter(({ name }) => new RegExp(pattern, "i").test(name));
const folder = named === undefined ? mkdtempSync(join(tmpdir(), "infimm-consumers-")) : resolve(named);
mkdirSync(folder, { recursive: true });
let failed = 0;
try {
  const project = Project.install(folder, [...new Set(chosen.flatMap(({ packages }) => packages))]);
  for (const { name, run } of chosen) {
    try {
      console.log(`ok    ${name}: ${await run(project)}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
} finally {
  if (named === undefined) rmSync(folder, { recursive: true });
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
