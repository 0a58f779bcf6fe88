import { readFileSync } from "node:fs";
import { sourceOf, TITLES } from "../../generate/prototypes.ts";
import { PROTOTYPES } from "../../prototypes/list.ts";
import type { Session } from "../worker/session.ts";
import { Bench } from "./bench.ts";
import type { Bill, Fresh, Lesson, Prepared, Shown, Trained, TrainEvent, TrainParams } from "./protocol.ts";

/** What a page shows of training before any is done in it. */
export interface TrainingHere {
  readonly lessons: readonly Lesson[];
  readonly asked: readonly Lesson[];
  readonly fresh: Fresh;
  readonly params: TrainParams;
  readonly prepared: Prepared;
  readonly trained: readonly Trained[];
  readonly shown: readonly Shown[];
}

/** A module to begin with, and how it learnt in 30 steps when that was measured. */
export interface Recipe {
  readonly name: string;
  readonly title: string;
  readonly code: string;
  readonly losses: { readonly first: number; readonly last: number };
}

export interface Workbench {
  readonly lessons: readonly Lesson[];
  readonly asked: readonly Lesson[];
  readonly recipes: readonly Recipe[];
  /** The recipe that is shown at first, and its bill. */
  readonly first: string;
  readonly bill: Bill;
}

/** The questions that come with the model and are about one picture each. */
function lessonsOf(folder: string): Lesson[] {
  const all: Lesson[] = JSON.parse(readFileSync(`${folder}/pictures/questions.json`, "utf8"));
  return all.map(({ pictures, question, answer }) => ({
    pictures: pictures.map((name) => name.replace(".png", "")),
    question,
    answer,
  }));
}

const PARAMS: TrainParams = { updates: 16, batch: 4, lr: 3e-3, source: "questions", asksEvery: 16 };
const FIRST = "mlp";

/** Figures that have a worker of their own in the page: at build they are measured here. */
export const builtOnly: Readonly<Record<string, (session: Session, folder: string) => Promise<unknown>>> = {
  async train(session, folder): Promise<TrainingHere> {
    const lessons = lessonsOf(folder);
    const bench = new Bench(session.assistant, (name) => session.image(name), lessons);
    const fresh = "gates";
    const prepared = bench.prepare(PROTOTYPES["original"], fresh);
    const [trained, shown]: [Trained[], Shown[]] = [[], []];
    const tell = (event: unknown) => {
      const told = event as TrainEvent;
      if ("trained" in told) trained.push(told.trained);
      else shown.push(told.shown);
    };
    await bench.train(PARAMS, { tell });
    bench.dispose();
    return { lessons, asked: bench.asked, fresh, params: PARAMS, prepared, trained, shown };
  },

  async workbench(session, folder): Promise<Workbench> {
    const lessons = lessonsOf(folder);
    const { losses } = JSON.parse(readFileSync("docs/prototypes/losses.json", "utf8"));
    const recipes = Object.keys(PROTOTYPES).map((name) => ({
      name,
      title: TITLES[name],
      code: sourceOf(`${name}.ts`),
      losses: losses[name],
    }));
    const { asked } = new Bench(session.assistant, (name) => session.image(name), lessons);
    return { lessons, asked, recipes, first: FIRST, bill: Bench.bill(PROTOTYPES[FIRST]) };
  },
};
