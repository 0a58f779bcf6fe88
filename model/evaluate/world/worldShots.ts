import { pictureFile } from "../../train/pictureFile.ts";
import { Draw } from "../../train/world/draw.ts";
import { type FewShot, fewShot, MADE_UP, madeUpWords, type Shot } from "../../train/world/fewShot.ts";
import { render } from "../../train/world/render.ts";
import { Sprites } from "../../train/world/sprites.ts";
import { SHORT_ANSWER } from "../../train/world/text.ts";
import type { EvalRecord, Task } from "../task.ts";
import { isYesNo, plain, worldScore, YES_NO } from "./worldScore.ts";

/** What is asked with and without demonstrations. `words` gives two shapes made-up names, and cannot do without. */
const WITH_AND_WITHOUT = ["colour", "exist", "count"] as const;

/** A made-up word is told from the other by which is likelier. */
const WORDS = Object.fromEntries(MADE_UP.map((word) => [word, [` ${word}`]]));

/**
 * The small world with demonstrations before the question, each with a picture of its own, as training writes them without
 * the chat template. The same questions are asked with any number of them.
 * @param count questions of each task
 */
export function worldShots(count: number): Task {
  return {
    name: "world-shots",
    title: "The small world, with demonstrations",
    layout: "none: it is made",
    defaults: { prompts: "base", trueZeroShot: true },
    async load(_, { shots }) {
      const sprites = await Sprites.load();
      const records: EvalRecord[] = [];
      for (const task of WITH_AND_WITHOUT) {
        for (let i = 0; i < count; i++) records.push(await recordOf(task, i, fewShot(task, i, { shots }), sprites));
      }
      for (let i = 0; i < count && shots === 4; i++) records.push(await recordOf("words", i, madeUpWords(i), sprites));
      return { records, files: [] };
    },
    ask({ question, reference }, [picture], demos) {
      const isWord = reference.task === "words";
      const opened = (text: string) => (isWord ? `<image>${text}` : `<image>${text}\n${SHORT_ANSWER}\n`);
      const shown = demos.map(({ record }) => {
        return `${opened(record.question)}${isWord ? " " : ""}${record.demo ?? ""}<|endofchunk|>`;
      });
      const images = [...demos.flatMap(({ pictures }) => pictures), picture];
      return { text: `${shown.join("")}${opened(question)}`, images };
    },
    generation: () => ({ maxNewTokens: 8 }),
    clean: plain,
    choices({ reference }) {
      if (reference.task === "words") return WORDS;
      return isYesNo(reference.task) ? YES_NO : undefined;
    },
    score: async (items) => worldScore(items),
  };
}

async function recordOf(task: string, index: number, asked: FewShot, sprites: Sprites): Promise<EvalRecord> {
  const id = `${task} ${index}`;
  const { demonstrations, query } = asked;
  const shown = async ({ scene, question, answer }: Shot, which: string): Promise<EvalRecord> => {
    const pixels = render(scene, new Draw(`picture shots ${id} ${which}`), sprites);
    const { bytes } = await pictureFile({ pixels });
    return { id: which, pictures: [{ bytes }], question, demo: answer, reference: { task, answer } };
  };
  const demos: EvalRecord[] = [];
  for (const [i, shot] of demonstrations.entries()) demos.push(await shown(shot, `${id}, demonstration ${i + 1}`));
  return { ...(await shown(query, id)), demos };
}
