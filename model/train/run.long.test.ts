import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { memory } from "../../tensor/index.ts";
import { lineRun } from "./line.fixture.ts";
import { train } from "./run.ts";
import { readLog } from "./updateLog.ts";

const KILLS = 50;
const UPDATES = 4000; // more than are made before the last kill

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-killed-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Begin or go on, and kill so many milliseconds after the first update. How many updates were told. */
function killedAfter(delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [
      "--import",
      "tsx",
      "--import",
      "./backends/register.ts",
      "model/train/killed.fixture.ts",
      folder,
      `${UPDATES}`,
    ]);
    let [said, wrong] = ["", ""];
    child.stderr.on("data", (text) => (wrong += text));
    child.stdout.on("data", (text) => {
      if (said === "") setTimeout(() => child.kill("SIGKILL"), delay);
      said += text;
    });
    child.on("exit", (_, signal) => {
      if (signal === "SIGKILL") resolve(Number(said.trim().split("\n").at(-1)));
      else reject(new Error(`it ended by itself: ${said.slice(-100)} ${wrong}`));
    });
  });
}

test(`killed at ${KILLS} random moments, a run goes on as if it had not been, bit by bit`, {
  timeout: 3_600_000,
}, async () => {
  const generator = new Generator("kills");
  let last = -1;
  for (let kill = 0; kill < KILLS; kill++) last = Math.max(last, await killedAfter(generator.uniform() * 400));
  expect(last).toBeGreaterThan(KILLS / 2);
  const [resumed, whole] = [lineRun(), lineRun()];
  await train({ ...resumed, folder, updates: last + 10 });
  await train({ ...whole, updates: last + 10 });
  expect(resumed.numbers()).toEqual(whole.numbers());
  const log = await readLog(join(folder, "log.jsonl"));
  expect(log.map(({ update }) => update)).toEqual(Array.from({ length: last + 10 }, (_, i) => i));
  expect((await readFile(join(folder, "latest"), "utf8")).trim()).toBe(`step-${String(last + 10).padStart(8, "0")}`);
});

test("memory is flat over 1,000 updates", async () => {
  const run = lineRun();
  await train({ ...run, updates: 2 });
  const before = memory();
  await train({ ...run, updates: 1002 });
  expect(memory()).toEqual(before);
});
