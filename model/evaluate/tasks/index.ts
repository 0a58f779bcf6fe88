import { InfimmError } from "../../../core/errors.ts";
import { nearest } from "../../../core/knownNames.ts";
import type { Task } from "../task.ts";
import { worldShots } from "../world/worldShots.ts";
import { worldTask } from "../world/worldTask.ts";
import { coco } from "./coco.ts";
import { flickr30k } from "./flickr30k.ts";
import { gqa } from "./gqa.ts";
import { infimmEval } from "./infimmEval.ts";
import { mmbench } from "./mmbench.ts";
import { mme } from "./mme.ts";
import { mmmu } from "./mmmu.ts";
import { mmvet } from "./mmvet.ts";
import { okvqa } from "./okvqa.ts";
import { scienceqa } from "./scienceqa.ts";
import { textvqa } from "./textvqa.ts";
import { vizwiz } from "./vizwiz.ts";
import { vqav2 } from "./vqav2.ts";

/** The card's benchmarks, and GQA and VizWiz. */
export const TASKS: readonly Task[] = [
  coco,
  flickr30k,
  vqav2,
  textvqa,
  okvqa,
  vizwiz,
  scienceqa,
  mme,
  mmvet,
  infimmEval,
  mmbench,
  mmmu,
  gqa,
];

/** What `infimm eval world` runs has no data folder, and scoring needs no count. */
const WORLD = [worldTask(0), worldShots(0)];

/** The task that a run's header names: one of the small world, too. */
export function taskOfRun(name: string): Task {
  return WORLD.find((task) => task.name === name) ?? taskNamed(name);
}

/** The benchmark of that name. @throws naming what was likely meant */
export function taskNamed(name: string): Task {
  const found = TASKS.find((task) => task.name === name);
  if (found) return found;
  const names = TASKS.map((task) => task.name);
  const meant = nearest(name, names);
  throw new InfimmError(`there is no task ${name}${meant ? `; did you mean ${meant}?` : `, but ${names.join(", ")}`}`);
}
