import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { type Header, readItems } from "../itemsFile.ts";
import type { Scores } from "../scoreRun.ts";
import type { Item } from "../task.ts";

/** A run that was scored. */
export interface ReadRun {
  readonly folder: string;
  readonly header: Header;
  readonly items: readonly Item[];
  readonly scores: Scores;
}

export async function readRun(folder: string): Promise<ReadRun> {
  const path = join(folder, "scores.json");
  const file = await readItems(join(folder, "items.jsonl"));
  if (!file) throw new InfimmError(`${folder} has no items.jsonl: it is no run of infimm eval`);
  if (!existsSync(path)) throw new InfimmError(`${folder} is not scored yet: run infimm eval score ${folder}`);
  return { folder, ...file, scores: JSON.parse(await readFile(path, "utf8")) };
}
