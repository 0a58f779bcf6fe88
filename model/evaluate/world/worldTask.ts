import { pictureFile } from "../../train/pictureFile.ts";
import { Draw } from "../../train/world/draw.ts";
import { pictureOf, worldItem } from "../../train/world/evaluation.ts";
import { whichPicture } from "../../train/world/whichPicture.ts";
import { TASKS } from "../../train/world/questions.ts";
import { render } from "../../train/world/render.ts";
import type { Split } from "../../train/world/scene.ts";
import { Sprites } from "../../train/world/sprites.ts";
import type { EvalRecord, Task } from "../task.ts";
import { greedy, userTurn } from "../tasks/shared.ts";
import { isYesNo, plain, worldScore, YES_NO } from "./worldScore.ts";

/** What is asked about one picture, and `which`: "Which picture has a star?", of two. */
export const WORLD_TASKS = [...TASKS, "which"] as const;
export type WorldTaskName = (typeof WORLD_TASKS)[number];

/**
 * The small world that infimm-tiny is trained on: scenes that training does not draw, asked in the chat template. Made, not
 * downloaded: there is no data folder, and the same index is the same scene everywhere. `split: "unseen"` has combinations
 * of colour and shape that training never has.
 * @param count questions of each task
 */
export function worldTask(count: number): Task {
  return {
    name: "world",
    title: "The small world",
    layout: "none: it is made",
    defaults: { prompts: "chat", split: "seen" },
    async load(_, { split }) {
      const sprites = await Sprites.load();
      const records: EvalRecord[] = [];
      for (const name of WORLD_TASKS) {
        const recordOf = name === "which" ? whichRecord : sceneRecord(name);
        for (let i = 0; i < count; i++) records.push(await recordOf(i, split as Split, sprites));
      }
      return { records, files: [] };
    },
    ask: ({ question }, pictures) => userTurn(pictures, question),
    generation: greedy(48),
    clean: plain,
    choices: ({ reference }) => (isYesNo(reference.task) ? YES_NO : undefined),
    score: async (items) => worldScore(items),
  };
}

type MakeRecord = (index: number, split: Split, sprites: Sprites) => Promise<EvalRecord>;

function sceneRecord(task: (typeof TASKS)[number]): MakeRecord {
  return async (index, split, sprites) => {
    const item = worldItem(task, index, { split });
    const { question, answer } = item;
    const { bytes } = await pictureFile({ pixels: pictureOf(item, sprites) });
    return { id: `${task} ${index}`, pictures: [{ bytes }], question, reference: { task, answer } };
  };
}

const whichRecord: MakeRecord = async (index, split, sprites) => {
  const key = `${split} which ${index}`;
  const second = index % 2 === 1;
  const { scenes, question, answer } = whichPicture(new Draw(`evaluate ${key}`), { second, split });
  const brush = new Draw(`picture ${key}`);
  const pictures = [];
  for (const scene of scenes) pictures.push(await pictureFile({ pixels: render(scene, brush, sprites) }));
  return {
    id: `which ${index}`,
    pictures: pictures.map(({ bytes }) => ({ bytes })),
    question,
    reference: { task: "which", answer },
  };
};
