import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (name: string) => readFileSync(name, "utf8");
const manifest = JSON.parse(read("package.json"));

it("the changelog and the citation speak of this version", () => {
  expect(/^## (\S+?),? /m.exec(read("CHANGELOG.md"))?.[1]).toBe(manifest.version);
  expect(/^version: (.+)$/m.exec(read("CITATION.cff"))?.[1]).toBe(manifest.version);
  expect(/^license: (.+)$/m.exec(read("CITATION.cff"))?.[1]).toBe(manifest.license);
});

it("nothing of npm's runs at a user's when the package is installed", () => {
  for (const name of ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"])
    expect(manifest.scripts, name).not.toHaveProperty(name);
});

it("each command that CI and the guides name is there", () => {
  const named = ["CONTRIBUTING.md", ".github/workflows/ci.yml", "README.md", "SECURITY.md"].flatMap((file) =>
    [...read(file).matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script),
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
});

it("each entry is a source file and has its types", () => {
  for (const [entry, target] of Object.entries<string | { types: string; default: string }>(manifest.exports)) {
    if (typeof target === "string") continue;
    const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
    expect(existsSync(source), entry).toBe(true);
    expect(target.types).toBe(target.default.replace(/\.js$/, ".d.ts"));
  }
});
