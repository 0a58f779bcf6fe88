import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeText } from "../files/writeWhole.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Update } from "./update.ts";

/** One line of log.jsonl. */
export interface LogLine extends Update {
  /** tanh of every gate that learns, by path: how far the language model looks. Of one a channel, the mean size. */
  readonly gates: Readonly<Record<string, number>>;
  /** Bytes of all tensors alive. */
  readonly bytes: number;
}

/** tanh of the gates among what learns. */
export async function gatesOf(trained: ReadonlyMap<string, Tensor>): Promise<Record<string, number>> {
  const gates = [...trained].filter(([path]) => path.endsWith("_gate"));
  const read = gates.map(async ([path, gate]) => {
    const values = Array.from(await gate.data(), (x) => (gate.size === 1 ? Math.tanh(x) : Math.abs(Math.tanh(x))));
    return [path, values.reduce((sum, x) => sum + x, 0) / values.length] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** log.jsonl of a run: a line an update, appended. */
export class UpdateLog {
  private readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Lines of updates from `updates` on, which will be made again, are taken out, and half a line that a crash left. */
  static async open(folder: string, updates: number): Promise<UpdateLog> {
    const path = join(folder, "log.jsonl");
    const before = await readLog(path);
    const kept = before.filter(({ update }) => update < updates);
    await writeText(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return new UpdateLog(path);
  }

  async append(line: LogLine): Promise<void> {
    await appendFile(this.path, `${JSON.stringify(line)}\n`);
  }
}

/** The whole lines of a log; none if there is no such file. */
export async function readLog(path: string): Promise<LogLine[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);
}
