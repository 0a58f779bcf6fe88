import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { finishBuilt, jsonModule } from "./finishBuilt.ts";

/**
 * `dist/`, made anew: one file for each file, by tsc, then ready for any bundler; the sources in `dist/src`, where
 * declaration maps find them. npm runs it after it installs.
 */
const dist = join(import.meta.dirname, "..", "dist");
rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync("npx", ["--no-install", "tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  const path = join(dist, name);
  if (name.endsWith(".js")) writeFileSync(path, finishBuilt(readFileSync(path, "utf8")));
  if (name.endsWith(".d.ts.map")) {
    const source = name.replace(/\.d\.ts\.map$/, ".ts");
    cpSync(join(dist, "..", source), join(dist, "src", source));
    const map = { ...JSON.parse(readFileSync(path, "utf8")), sources: [relative(dirname(name), join("src", source))] };
    writeFileSync(path, JSON.stringify(map));
  }
  if (!name.endsWith(".json")) continue;
  writeFileSync(`${path}.js`, jsonModule(readFileSync(path, "utf8")));
  rmSync(path);
}
