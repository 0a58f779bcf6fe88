import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package: the nearest one above with a package.json, whether this file runs from bin/ or dist/bin/. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8")).version;
}

/** The model that comes with this package. */
export const SHIPPED_MODEL = join(packageFolder(), "model", "infimm-tiny");

/** Where a model is that a command line names: the shipped one goes by its name, unless there is a folder of that name. */
export function placeOf(model: string): string {
  return model === "infimm-tiny" && !existsSync(model) ? SHIPPED_MODEL : model;
}
