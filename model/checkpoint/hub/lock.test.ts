import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { withLock } from "./lock.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true }));

it("lets one in at a time, and gives way after a failure", async () => {
  let inside = 0;
  const visit = async (fail: boolean) => {
    expect(++inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
    if (fail) throw new Error("failed");
  };
  const visits = [true, false, true, false].map((fail) => withLock(path, undefined, () => visit(fail)));
  const ended = await Promise.allSettled(visits);
  expect(ended.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(existsSync(path)).toBe(false);
});

it("does not wait for a dead process, nor for one that shows no life", async () => {
  const { pid } = spawnSync("true");
  await writeFile(path, `${hostname()} ${pid}`);
  expect(await withLock(path, undefined, async () => "in")).toBe("in");
  await writeFile(path, "another-machine 1");
  await utimes(path, new Date(), new Date(Date.now() - 60_000));
  expect(await withLock(path, undefined, async () => "in")).toBe("in");
});

it("waits for a living one until it is told to stop", async () => {
  await writeFile(path, `another-machine 1`);
  const entered = withLock(path, AbortSignal.timeout(100), async () => "in");
  await expect(entered).rejects.toThrow(/abort|timeout/i);
  expect(existsSync(path)).toBe(true);
});
