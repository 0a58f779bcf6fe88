import { pictureFile } from "../../train/pictureFile.ts";
import { pictureOf, worldItem } from "../../train/world/evaluation.ts";
import { TASKS, type TaskName } from "../../train/world/questions.ts";
import type { Split } from "../../train/world/scene.ts";
import { Sprites } from "../../train/world/sprites.ts";
import type { EvalRecord, Item, ItemScore, Task, TaskScore } from "../task.ts";
import { greedy, userTurn } from "./shared.ts";

/**
 * The small world that infimm-tiny is trained on: scenes that training does not draw, asked in the chat template. Made, not
 * downloaded: there is no data folder, and the same index is the same scene everywhere. `split: "unseen"` has combinations
 * of colour and shape that training never has.
 * @param count questions of each task
 */
export function worldOf(count: number, tasks: readonly TaskName[] = TASKS): Task {
  return {
    name: "world",
    title: "The small world",
    layout: "none: it is made",
    defaults: { prompts: "chat", split: "seen" },
    async load(_, { split }) {
      const sprites = await Sprites.load();
      const records: EvalRecord[] = [];
      for (const name of tasks) {
        for (let i = 0; i < count; i++) records.push(await recordOf(name, i, split as Split, sprites));
      }
      return { records, files: [] };
    },
    ask: ({ question }, pictures) => userTurn(pictures, question),
    generation: greedy(48),
    clean: plain,
    score: async (items) => score(items),
  };
}

async function recordOf(name: TaskName, index: number, split: Split, sprites: Sprites): Promise<EvalRecord> {
  const item = worldItem(name, index, { split });
  const { question, answer } = item;
  const { bytes } = await pictureFile({ pixels: pictureOf(item, sprites) });
  return { id: `${name} ${index}`, pictures: [{ bytes }], question, reference: { task: name, answer } };
}

/** Capitals, a full stop at the end and an article at the beginning do not count: "A dog." is "dog". */
function plain(answer: string): string {
  return answer
    .trim()
    .toLowerCase()
    .replace(/ ?\.$/, "")
    .replace(/^(?:a|an|the) /, "");
}

function score(items: readonly Item[]): TaskScore {
  const verdicts = items.map(({ id, answer, reference }): [string, ItemScore] => {
    return [
      id,
      { score: Number(answer === plain(reference.answer as string)), rule: "exact, but for article and stop" },
    ];
  });
  const right = new Map(verdicts);
  const names = TASKS.filter((name) => items.some(({ reference }) => reference.task === name));
  const of = (name: TaskName) => items.filter(({ reference }) => reference.task === name);
  const units = (name: TaskName) => of(name).map(({ id }) => ({ value: 100 * (right.get(id)?.score ?? 0) }));
  const percent = (list: readonly { value: number }[]) => list.reduce((sum, { value }) => sum + value, 0) / list.length;
  return {
    metrics: Object.fromEntries(names.map((name) => [name, percent(units(name))])),
    tables: {
      "always the commonest answer": Object.fromEntries(names.map((name) => [name, commonest(of(name))])),
      "share of yes, where the answer is yes or no": Object.fromEntries(
        names.filter((name) => name === "exist" || name === "relation").map((name) => [name, shareOfYes(of(name))]),
      ),
    },
    items: Object.fromEntries(verdicts),
    units: Object.fromEntries(names.map((name) => [name, units(name)])),
    notes: [],
  };
}

/** Percent of the questions whose answer is the one that most have: what guessing gets. */
function commonest(items: readonly Item[]): number {
  const counts = new Map<unknown, number>();
  for (const { reference } of items) counts.set(reference.answer, (counts.get(reference.answer) ?? 0) + 1);
  return (100 * Math.max(...counts.values())) / items.length;
}

function shareOfYes(items: readonly Item[]): number {
  return (100 * items.filter(({ answer }) => answer === "yes").length) / items.length;
}
