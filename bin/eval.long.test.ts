import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { built } from "./built.fixture.ts";
import { COUNT, MAKERS } from "../model/evaluate/made.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "infimm-eval-killed-"));
beforeAll(built);
afterAll(() => rmSync(root, { recursive: true }));
const command = (out: string) => {
  const data = join(root, "data");
  const options = ["--data", data, "--out", out, "--batch", "2", "--shots", "2", "--pool", "8"];
  return [process.execPath, ["dist/bin/infimm.js", "eval", "vqav2", ...options]] as const;
};

/** How many items a run has on the disk. */
function itemsIn(path: string): number {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
}

it("killed by the system again and again, a run gives the file that it gives undisturbed", async () => {
  mkdirSync(join(root, "data"));
  MAKERS["vqav2"](join(root, "data"));
  const [whole, killed] = ["whole", "killed"].map((name) => join(root, name));
  execFileSync(...command(whole));
  const path = join(killed, "items.jsonl");
  const reached: number[] = [];
  for (const goal of [1, 4, 6]) {
    const run = spawn(...command(killed), { stdio: "ignore" });
    const ended = new Promise((done) => run.on("exit", done));
    while (itemsIn(path) < goal && run.exitCode === null) await wait(5);
    run.kill("SIGKILL");
    await ended;
    reached.push(itemsIn(path));
  }
  expect(reached[0]).toBeGreaterThan(0);
  expect(reached[0]).toBeLessThan(COUNT);
  execFileSync(...command(killed));
  const bare = (folder: string) => readFileSync(join(folder, "items.jsonl"), "utf8").replace(/"seconds":[\d.]+/g, "");
  expect(bare(killed)).toBe(bare(whole));
});
