import { writeFileSync } from "node:fs";
import { InfiMM, Processor } from "../../index.ts";
import { prepared } from "../prototypes/prepared.ts";
import { losses } from "../prototypes/train.ts";
import { PROTOTYPES } from "../prototypes/list.ts";

/**
 * Trains each prototype for 30 steps and writes the losses beside them, which the pages show:
 *
 *     npx tsx docs/measure/prototypes.ts
 */
const STEPS = 30;
const FILE = "docs/prototypes/losses.json";

const trained = await InfiMM.fromPretrained("model/infimm-tiny", { backend: "wasm" });
const processor = await Processor.fromPretrained("model/infimm-tiny");
const found: Record<string, { first: number; last: number; trained: number }> = {};
for (const [name, prototype] of Object.entries(PROTOTYPES)) {
  const { model, learns } = prepared(trained, prototype);
  const all = await losses(model, learns, processor, STEPS);
  const last = all.slice(-5).reduce((sum, loss) => sum + loss, 0) / 5;
  found[name] = { first: all[0], last, trained: [...learns.values()].reduce((sum, { size }) => sum + size, 0) };
  console.log(`${name}: ${all[0].toFixed(3)} -> ${last.toFixed(3)}`);
  model.dispose();
}
writeFileSync(FILE, `${JSON.stringify({ steps: STEPS, losses: found }, null, 1)}\n`);
