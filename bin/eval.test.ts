import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WORLD_TASKS } from "../model/evaluate/world/worldTask.ts";
import { MAKERS } from "../model/evaluate/made.fixture.ts";
import { built } from "./built.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "infimm-eval-cli-"));
beforeAll(built);
afterAll(() => rmSync(root, { recursive: true }));

const infimm = (...args: string[]) =>
  execFileSync(process.execPath, ["dist/bin/infimm.js", "eval", ...args], { encoding: "utf8" });

it("asks, scores and reports from the shell; by several seeds, too, whose mean it tells", () => {
  const [gqa, vqa, out, trials, page] = ["gqa", "vqa", "run", "seeds", "report.html"].map((name) => join(root, name));
  for (const [folder, task] of [
    [gqa, "gqa"],
    [vqa, "vqav2"],
  ]) {
    mkdirSync(folder);
    MAKERS[task](folder);
  }
  expect(infimm("gqa", "--data", gqa, "--out", out, "--limit", "2")).toContain("2 items in");
  expect(JSON.parse(infimm("score", out, "--json"))).toMatchObject({ task: "gqa", n: 2 });

  const settings = ["--limit", "2", "--pool", "8", "--orientation", "apply", "--seed", "7", "--seed", "8"];
  infimm("vqav2", "--data", vqa, "--out", trials, ...settings);
  const found = JSON.parse(infimm("score", trials, "--json"));
  const values = found.trials.map((trial: { metrics: { accuracy: number } }) => trial.metrics.accuracy);
  const [mean, standardDeviation] = [(values[0] + values[1]) / 2, Math.abs(values[0] - values[1]) / 2];
  expect(found.metrics.accuracy).toEqual({ mean, standardDeviation, values });
  const [first, second] = [7, 8].map((seed) =>
    readFileSync(join(trials, `seed-${seed}/items.jsonl`), "utf8").split("\n"),
  );
  expect(JSON.parse(first[0]).settings).toMatchObject({ seed: 7, orientation: "apply" });
  expect(JSON.parse(first[1]).demos).not.toEqual(JSON.parse(second[1]).demos);

  expect(infimm("report", out, trials, "--out", page)).toContain("is written");
  expect(readFileSync(page, "utf8")).toContain("<h1>Evaluation</h1>");
  expect(readFileSync(page, "utf8")).toContain("vqav2: 2 trials, seeds 7, 8");
  const report = JSON.parse(infimm("report", out, trials, "--json"));
  expect(report.runs.map((run: { task: string }) => run.task)).toEqual(["gqa", "vqav2", "vqav2"]);
  expect(report.trials).toEqual([{ task: "vqav2", seeds: [7, 8], metrics: found.metrics }]);
  expect(report.changes[0]).toMatchObject({ from: join(trials, "seed-7"), to: join(trials, "seed-8") });
  expect(() => infimm("score", out, "--allow-missing")).toThrow(/--allow-missing is of other programs' answers/);
});

it("judges two models on the small world, item by item", () => {
  const out = join(root, "world");
  const twice = ["--model", "infimm-tiny", "--model", "infimm-tiny"];
  const { runs, differences, changes } = JSON.parse(infimm("world", "-n", "1", ...twice, "--out", out, "--json"));
  expect(Object.keys(runs[0].metrics)).toEqual(WORLD_TASKS);
  expect(runs[1].metrics).toEqual(runs[0].metrics);
  expect(changes).toEqual([[]]);
  expect(differences[0]["which"]).toEqual({ mean: 0, interval: [0, 0] });
  expect(JSON.parse(infimm("score", join(out, "model-2/seen"), "--json")).metrics).toEqual(runs[0].metrics);
});

it("prints a model card's tables, and refuses what they have no place for", () => {
  const card = infimm("world", "-n", "1", "--card", "--model", "infimm-tiny", "--model", "model/infimm-tiny");
  expect(card).toContain("| task | asked | guessing | blind | infimm-tiny | infimm-tiny, unseen | infimm-tiny |");
  expect(card).toContain("| demonstrations | guessing | none | four |");
  expect(() => infimm("world", "--card", "--blind")).toThrow(/cannot be used with option '--blind'/);
});
