import { readdirSync } from "node:fs";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import { openGoldenSet } from "./load.ts";
import { checkSet } from "./run.ts";

const folders = [
  ...readdirSync("golden/fixtures").map((name) => `golden/fixtures/${name}`),
  "model/infimm-tiny",
].filter((folder) => existsSync(`${folder}/golden.json`));

test("all lines of the family have a set", () => {
  for (const name of ["tiny-zephyr", "tiny-llama", "tiny-vicuna", "tiny-hd"]) {
    expect(folders).toContain(`golden/fixtures/${name}`);
  }
});

for (const folder of folders) {
  const { name, cases } = await openGoldenSet(folder);
  test.each(cases.map((c) => c.name))(`${name}: %s equals PyTorch`, async (of) => {
    const { checks } = await checkSet(folder, { case: of });
    expect(checks.length).toBeGreaterThan(100);
    expect(diagnose(checks)?.text).toBeUndefined();
  });
}
