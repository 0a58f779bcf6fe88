import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { InfimmError } from "../core/errors.ts";

const LOCK = "node_modules/.infimm-build";
/** A build takes half a minute; a lock older than this is a dead process's. */
const STALE_MS = 300_000;

/** `dist/` as `npm ci` makes it, made anew if a source is newer. Two test files that ask at once build it once. */
export async function built(): Promise<void> {
  while (!isFresh()) {
    if (!takeLock()) {
      await setTimeout(200);
      continue;
    }
    try {
      const { status, stdout, stderr } = spawnSync("npx", ["--no-install", "tsx", "bin/build.ts"], {
        encoding: "utf8",
      });
      if (status !== 0) throw new InfimmError(`build: ${stdout}${stderr}`);
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
}

function isFresh(): boolean {
  const made = modified("dist/index.js");
  if (made === 0 || modified("dist/src") === 0) return false;
  const sources = readdirSync("dist/src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const inputs = [...sources, "tsconfig.json", "tsconfig.build.json", "bin/build.ts", "bin/finishBuilt.ts"];
  return inputs.every((name) => modified(name) > 0 && modified(name) < made);
}

/** When a file was changed; 0 if it is not there. */
function modified(name: string): number {
  return statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function takeLock(): boolean {
  if (Date.now() - modified(LOCK) > STALE_MS) rmSync(LOCK, { recursive: true, force: true });
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    return false;
  }
}
