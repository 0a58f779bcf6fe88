import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { scope } from "../../../tensor/index.ts";
import { readJson } from "../../files/readFile.ts";
import { writeText } from "../../files/writeWhole.ts";
import type { InfiMM } from "../../infimm.ts";
import type { Document } from "../documents.ts";
import { collate, type PreparedSample } from "../collate.ts";
import { nextTokenTask } from "../objective.ts";
import { preparer } from "../prepare.ts";
import { train } from "../run.ts";
import { readLog } from "../updateLog.ts";
import { worldRecords } from "../world/documents.ts";
import { Sprites } from "../world/sprites.ts";
import { type Ablated, ABLATIONS, ablationTable } from "./ablation.ts";
import { shownAccuracy } from "./exam.ts";
import { modelBefore, type TinyRun } from "./modelBefore.ts";
import { makeTiny, type Tiny } from "./processor.ts";
import { TINY_RECIPE } from "./recipe.ts";
import { connectorStage } from "./stages.ts";

export interface AblateOptions extends TinyRun {
  /** Updates of each connector, from closed gates, with the data of `mtt`. Default 300: about ten minutes. */
  readonly updates?: number;
  /** Only these, by name. */
  readonly names?: readonly string[];
  /** Held-out questions a task, and captions. Default 200. */
  readonly count?: number;
  readonly onUpdate?: (name: string, update: number, loss: number | null) => void;
  readonly onDone?: (row: Ablated) => void;
}

/**
 * Train a connector of each kind (ablation.ts) between the tower and the language model that stand in `folder`, and ask
 * each the same questions. A second call goes on; what is done is not made again. The table stands in `ablate/table.md`.
 * @returns the rows, or undefined if it was stopped
 */
export async function ablate(options: AblateOptions): Promise<Ablated[] | undefined> {
  const tiny = await makeTiny();
  const rows: Ablated[] = [];
  const { names = Object.keys(ABLATIONS) } = options;
  for (const name of names) {
    if (!(name in ABLATIONS)) {
      throw new InfimmError(`ablate: no ablation is called "${name}"; there are: ${Object.keys(ABLATIONS).join(", ")}`);
    }
  }
  for (const name of names) {
    const row = await one(name, tiny, options);
    if (!row) return undefined;
    options.onDone?.(row);
    rows.push(row);
  }
  await writeText(join(options.folder, "ablate", "table.md"), `${ablationTable(rows)}\n`);
  return rows;
}

async function one(name: string, tiny: Tiny, options: AblateOptions): Promise<Ablated | undefined> {
  const { updates = 300, recipe = TINY_RECIPE, seed = 1, backend, saveEvery = 50, signal } = options;
  const folder = join(options.folder, "ablate", name.replaceAll(" ", "-"));
  const path = join(folder, "result.json");
  const known = await readJson(path, "result of an ablation").catch(() => undefined);
  if (known) return known as unknown as Ablated;
  const ablation = ABLATIONS[name];
  const model = await modelBefore("pt", tiny, options, ablation);
  const learning = ablation.learning?.(tiny.config);
  const stage = { tiny, recipe: { ...recipe.mtt, updates }, seed: `ablate ${seed}`, backend, learning };
  const { done } = await train({
    ...(await connectorStage("mtt", model, stage)),
    updates,
    folder,
    saveEvery,
    retention: { last: 1, every: 1e9 },
    identity: { ablation: name, seed, ...stage.recipe },
    signal,
    onUpdate: ({ update, losses: [loss] }) => options.onUpdate?.(name, update + 1, loss),
  });
  if (!done) return undefined;
  const seconds = (await readLog(join(folder, "log.jsonl"))).flatMap((line) => Object.values(line.seconds));
  const minutes = seconds.reduce((sum, part) => sum + part, 0) / 60;
  const row = { name, ...(await measured(model, tiny, options.count ?? 200)), minutes };
  await mkdir(folder, { recursive: true });
  await writeText(path, `${JSON.stringify(row, null, 1)}\n`);
  return row;
}

/** Captions of one forward pass. */
const TOGETHER = 20;

async function measured(model: InfiMM, { processor }: Tiny, count: number) {
  const sprites = await Sprites.load();
  const records = worldRecords("captions", { length: count, sprites, seed: "held out" });
  const prepare = preparer(processor);
  const task = nextTokenTask(model);
  let [loss, targets] = [0, 0];
  for (let at = 0; at < count; at += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, count - at) }, async (_, i) =>
      prepare((await records.at(at + i)) as Document),
    );
    const batch = { ...collate((await Promise.all(some)) as PreparedSample[], processor), kind: "captions" };
    const mean = scope(() => task.loss(batch));
    loss += (await mean.item()) * batch.targets;
    targets += batch.targets;
    mean.dispose();
  }
  const share = (name: "exist" | "count" | "where") => shownAccuracy(model, processor, { task: name, sprites, count });
  const [exist, counted, where] = [await share("exist"), await share("count"), await share("where")];
  return { captionLoss: loss / targets, exist, count: counted, where };
}
