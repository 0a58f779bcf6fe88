import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

/** What npm would publish. */
interface Packed {
  readonly files: readonly { readonly path: string; readonly size: number }[];
}
let packed: Packed;
const cache = mkdtempSync(join(tmpdir(), "infimm-pack-"));
beforeAll(async () => {
  await built();
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--cache", cache], { encoding: "utf8" }); // biome-ignore format: one command
  [packed] = JSON.parse(stdout);
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

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
