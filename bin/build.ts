import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { finishBuilt, jsonModule } from "./finishBuilt.ts";

/**
 * `dist/`, made anew: one file for each file, by tsc, then ready for any bundler; the sources in `dist/src`, where
 * declaration maps find them. It is in its place only when it is complete. npm runs this after it installs.
 */
const root = join(import.meta.dirname, "..");
const made = join(root, "node_modules/.infimm-dist");
rmSync(made, { recursive: true, force: true });
const tsc = ["--no-install", "tsc", "-p", join(root, "tsconfig.build.json"), "--outDir", made];
const { status } = spawnSync("npx", tsc, { stdio: "inherit", shell: process.platform === "win32" });
if (status !== 0) process.exit(status ?? 1);
for (const name of readdirSync(made, { recursive: true, encoding: "utf8" })) {
  const path = join(made, name);
  if (name.endsWith(".js")) writeFileSync(path, finishBuilt(readFileSync(path, "utf8")));
  if (name.endsWith(".d.ts.map")) {
    const source = name.replace(/\.d\.ts\.map$/, ".ts");
    cpSync(join(root, source), join(made, "src", source));
    const found = relative(dirname(name), join("src", source)).replaceAll("\\", "/");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), sources: [found] }));
  }
  if (!name.endsWith(".json")) continue;
  writeFileSync(`${path}.js`, jsonModule(readFileSync(path, "utf8")));
  rmSync(path);
}
rmSync(join(root, "dist"), { recursive: true, force: true });
renameSync(made, join(root, "dist"));
