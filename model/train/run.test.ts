import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { memory } from "../../tensor/index.ts";
import { lineRun } from "./line.fixture.ts";
import { train } from "./run.ts";
import { readLog } from "./updateLog.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-run-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The log without its times. */
const logged = async (at: string) => (await readLog(join(at, "log.jsonl"))).map(({ seconds, bytes, ...line }) => line);

test("a run that was stopped goes on as if it had not been, bit by bit", async () => {
  const [whole, first, second] = [lineRun(), lineRun(), lineRun()];
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  await train({ ...whole, updates: 12, folder: a, saveEvery: 5 });
  expect(await train({ ...first, updates: 7, folder: b, saveEvery: 5 })).toEqual({ updates: 7, done: true });
  await train({ ...second, updates: 12, folder: b, saveEvery: 5 });
  expect(second.numbers()).toEqual(whole.numbers());
  expect(await logged(b)).toEqual(await logged(a));
  expect((await logged(a)).map(({ update }) => update)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect((await readFile(join(b, "latest"), "utf8")).trim()).toBe("step-00000012");
});

test("what a process that died leaves is passed over: half a checkpoint, half a line, updates after the checkpoint", async () => {
  const [whole, first, second] = [lineRun(), lineRun(), lineRun()];
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  await train({ ...whole, updates: 10, folder: a });
  await train({ ...first, updates: 6, folder: b });
  const log = join(b, "log.jsonl");
  await writeFile(log, `${await readFile(log, "utf8")}{"update":6,"losses":[9]}\n{"update":7,"lo`);
  await (await import("node:fs/promises")).mkdir(join(b, "step-00000008.partial"));
  await train({ ...second, updates: 10, folder: b });
  expect(second.numbers()).toEqual(whole.numbers());
  expect(await logged(b)).toEqual(await logged(a));
  expect((await readdir(b)).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

test("another preset, base or data is refused by name, unless forced", async () => {
  const identity = { preset: "pt-7b", lr: 1e-4, base: "a1" };
  await train({ ...lineRun(), updates: 2, folder, identity });
  const other = { ...lineRun(), updates: 4, folder, identity: { ...identity, lr: 2e-4, base: "b2" } };
  await expect(train(other)).rejects.toThrow(
    'step-00000002 is of another run: lr was 0.0001, is 0.0002; base was "a1", is "b2"',
  );
  expect((await train({ ...other, force: true })).updates).toBe(4);
  const state = JSON.parse(await readFile(join(folder, "step-00000004/state.json"), "utf8"));
  expect(state.remarks.force).toBe(true);
});

test("an abort ends the run after the update that is being made, with a checkpoint", async () => {
  const controller = new AbortController();
  const stopped = lineRun();
  const onUpdate = ({ update }: { update: number }) => update === 3 && controller.abort();
  const end = await train({
    ...stopped,
    updates: 9,
    folder,
    signal: controller.signal,
    onUpdate: (l) => void onUpdate(l),
  });
  expect(end).toEqual({ updates: 4, done: false });
  expect(await readdir(folder)).toContain("step-00000004");
});

test("the newest checkpoints stay, and those at round numbers", async () => {
  await train({ ...lineRun(), updates: 12, folder, saveEvery: 1, retention: { last: 2, every: 5 } });
  const steps = (await readdir(folder)).filter((name) => name.startsWith("step-"));
  expect(steps).toEqual(["step-00000005", "step-00000010", "step-00000011", "step-00000012"]);
});

test("an update without a finite gradient changes nothing and is counted; three in a row end the run with their samples", async () => {
  const bad = (from: number, to: number) => lineRun((u) => (u >= from && u < to ? Number.NaN : 1));
  const once = bad(2, 4);
  await train({ ...once, updates: 2 });
  const before = once.numbers();
  await train({ ...once, updates: 4 });
  expect(once.numbers()).toEqual(before);
  expect(once.trainer.state()).toEqual({ updates: 4, skipped: 2, skippedInARow: 2 });
  await train({ ...once, updates: 5 });
  expect(once.trainer.state().skippedInARow).toBe(0);
  await expect(train({ ...bad(2, 9), updates: 9 })).rejects.toThrow(
    "the gradients of 3 updates in a row were not finite; its samples: point 4",
  );
});

test("updates leave no memory behind", async () => {
  const { trainer, source } = lineRun();
  await train({ trainer, source, updates: 2 });
  const before = memory();
  await train({ trainer, source, updates: 40 });
  expect(memory()).toEqual(before);
});
