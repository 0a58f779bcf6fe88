import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { built } from "./built.fixture.ts";
import { tableFiles } from "../model/evaluate/tasks/spreadsheet.ts";

const lock: {
  packages: Record<string, { dev?: boolean; optional?: boolean; peer?: boolean; hasInstallScript?: boolean }>;
} = JSON.parse(readFileSync("package-lock.json", "utf8"));
/** Folders of what `npm install infimm` brings beside infimm itself. */
const installed = Object.entries(lock.packages)
  .filter(([folder, { dev, optional, peer }]) => folder !== "" && !dev && !optional && !peer)
  .map(([folder]) => folder);
const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);

/** What npm publishes. */
interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}
let packed: Packed;
let tarball: Uint8Array<ArrayBuffer>;
const folder = mkdtempSync(join(tmpdir(), "infimm-pack-"));
beforeAll(async () => {
  await built();
  const to = ["--pack-destination", folder, "--cache", join(folder, "cache")];
  const { stdout } = spawnSync("npm", ["pack", "--json", "--ignore-scripts", ...to], { encoding: "utf8" });
  [packed] = JSON.parse(stdout);
  tarball = new Uint8Array(readFileSync(join(folder, packed.filename)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("at most 12 packages and 12 MB are installed, the model apart, and none runs a script", () => {
  expect(installed.length).toBeLessThanOrEqual(12);
  expect(installed.length).toBeGreaterThan(5); // the lock file was understood
  expect(installed.filter((folder) => lock.packages[folder].hasInstallScript)).toEqual([]);
  const own = packed.files.filter(({ path }) => !path.startsWith("model/infimm-tiny/"));
  const bytes = own.reduce((sum, { size }) => sum + size, 0) + installed.map(bytesOf).reduce((a, b) => a + b);
  expect(bytes / 1e6).toBeLessThan(12);
});

it("the package has each declaration's source, where its map says, and no tests", () => {
  const paths = new Set(packed.files.map(({ path }) => path));
  const maps = [...paths].filter((path) => path.endsWith(".d.ts.map"));
  expect(maps.length).toBeGreaterThan(500);
  for (const path of maps) {
    const { sources } = JSON.parse(readFileSync(path, "utf8"));
    expect(sources.map((source: string) => join(dirname(path), source)).filter((source: string) => !paths.has(source))).toEqual([]); // biome-ignore format: one line
  }
  expect([...paths].filter((path) => /\.(test|fixture)\./.test(path))).toEqual([]);
  expect([...paths].filter((path) => path.startsWith("dist/src/") && !existsSync(path.slice(9)))).toEqual([]);
});

it("without write-excel-file a table is written as .tsv, and a note says what the .xlsx takes", async () => {
  const rows = [{ index: "1", answer: 'two\nlines "quoted"' }];
  const names = async (load?: () => Promise<undefined>) => (await tableFiles("t", rows, load)).map(({ name }) => name);
  expect(await names()).toEqual(["t.xlsx", "t.tsv"]);
  const [only, ...others] = await tableFiles("t", rows, async () => undefined);
  expect([only.name, others]).toEqual(["t.tsv", []]);
  expect(only.content).toBe('index\tanswer\n1\t"two\nlines ""quoted"""\n');
  expect(only.note).toContain("t.xlsx was not written: that takes a package (npm install write-excel-file@4.1.1)");
});

it("publint finds nothing wrong", async () => {
  const { messages } = await publint({ strict: true, pack: { tarball: tarball.buffer } });
  const found = messages.filter(({ code, path }) => {
    // the map for browsers is what all bundlers read, and its sources are for this repository's own pages
    if (code === "USE_EXPORTS_OR_IMPORTS_BROWSER") return false;
    return !(code === "FILE_DOES_NOT_EXIST" && path[0] === "browser" && /^\.\/(?!dist\/).*\.ts$/.test(path[1]));
  });
  expect(found).toEqual([]);
});

it("types are found by every resolution but the oldest, which knows no exports; it is ESM only", async () => {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!analysis.types) throw new Error("no types");
  const found = analysis.problems.filter((problem) => {
    if (problem.kind === "NoResolution") return problem.resolutionKind !== "node10";
    return problem.kind !== "CJSResolvesToESM"; // Node 20.19 and later require ES modules
  });
  expect(found).toEqual([]);
});

it("no file, export or dependency is without use (knip)", () => {
  const { status, stdout } = spawnSync("npx", ["--no-install", "knip", "--no-progress"], { encoding: "utf8" });
  expect(stdout.trim()).toBe("");
  expect(status).toBe(0);
});
