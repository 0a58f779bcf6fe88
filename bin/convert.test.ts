import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "./built.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-cli-convert-"));
beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true }));

const NODE = ["dist/bin/infimm.js", "convert"];

function convert(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("convert says what it wrote", () => {
  const to = join(folder, "tiny");
  const { status, stdout } = convert("model/infimm-tiny", to, "--dtype", "bf16", "--shard-size", "2.5MB", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ to, bytes: 7527816 });
  expect(readdirSync(to)).toContain("model-00002-of-00004.safetensors");
});

test("wrong usage and what cannot be done are told in a line", () => {
  expect(convert("a", "b", "--shard-size", "much")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("5GB"),
  });
  expect(convert("nowhere", join(folder, "b"))).toMatchObject({
    status: 1,
    stderr: "infimm: nowhere: there is no such file or folder\n",
  });
  for (const name of ["x.gguf", "x.onnx", "x.pkl"]) {
    expect(convert("model/infimm-tiny", join(folder, name))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${name.slice(1)} files are not written here`),
    });
    expect(existsSync(join(folder, name))).toBe(false);
  }
  expect(convert("model/infimm-tiny", "docs")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("docs exists already"),
  });
});

test("Ctrl-C leaves nothing behind", async () => {
  const to = join(folder, "interrupted");
  const names = () => readdirSync(folder).filter((name) => name.startsWith("interrupted"));
  const child = spawn(process.execPath, [...NODE, "model/infimm-tiny", to, "--shard-size", "1KB"], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  while (names().length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill("SIGINT");
  expect(await ended).toBe("SIGINT");
  expect(existsSync(to)).toBe(false);
  expect(names()).toEqual([]);
});
