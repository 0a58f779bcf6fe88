import type { Document, Layout, Part, Records } from "../documents.ts";
import { Draw } from "./draw.ts";
import { whichPicture } from "./whichPicture.ts";
import {
  askSeveral,
  caption,
  CAPTION_PROMPT,
  contents,
  CONTENTS_PROMPT,
  description,
  INTRODUCTION,
  type Question,
} from "./questions.ts";
import { render } from "./render.ts";
import { drawScene, type Scene } from "./scene.ts";
import type { Sprites } from "./sprites.ts";
import { ALL_TASKS, SHORT_ANSWER } from "./text.ts";

/**
 * What the card's stages read, about the small world.
 *
 * | source | stage | a document |
 * | --- | --- | --- |
 * | `pairs` | PT | a picture and its caption |
 * | `interleaved` | PT | two or three pictures, each with its caption |
 * | `captions` | MTT | a picture, "Please describe the image.", its caption |
 * | `questions` | MTT | a picture and four questions |
 * | `twoPictures` | MTT | which of two pictures has something; or two pictures, each with two questions |
 * | `conversations` | IFT | one to three turns about one picture, or about two |
 */
export const WORLD_SOURCES = ["pairs", "interleaved", "captions", "questions", "twoPictures", "conversations"] as const;
export type WorldSource = (typeof WORLD_SOURCES)[number];

/** `length` records of a source: pictures are drawn when they are asked for, always the same ones. */
export function worldRecords(
  source: WorldSource,
  { length, sprites, seed = 0 }: { length: number; sprites: Sprites; seed?: number | string },
): Records {
  return {
    source: `world ${source} ${seed}`,
    length,
    async at(index): Promise<Document> {
      const id = `${index}`;
      const draw = new Draw(`train ${seed} ${source} ${index}`);
      const brush = new Draw(`train picture ${seed} ${source} ${index}`);
      const picture = (scene: Scene): Part => ({ pixels: render(scene, brush, sprites) });
      return { id, source: `world ${source} ${seed}`, layout: LAYOUTS[source], parts: PARTS[source](draw, picture) };
    },
  };
}

const LAYOUTS: Readonly<Record<WorldSource, Layout>> = {
  pairs: "pair",
  interleaved: "interleaved",
  captions: "task",
  questions: "task",
  twoPictures: "task",
  conversations: "chat",
};

/** How often a picture is asked for its contents. */
const CONTENTS = 0.2;

type Paint = (scene: Scene) => Part;
const given = (text: string): Part => ({ text, learn: false });
const learnt = (text: string): Part => ({ text, learn: true });

const PARTS: Readonly<Record<WorldSource, (draw: Draw, picture: Paint) => Part[]>> = {
  pairs: (draw, picture) => {
    const scene = drawScene(draw);
    return [picture(scene), learnt(caption(scene))];
  },
  interleaved: (draw, picture) =>
    Array.from({ length: 2 + draw.integer(2) }, () => drawScene(draw)).flatMap((scene) => [
      picture(scene),
      learnt(caption(scene)),
    ]),
  captions: (draw, picture) => {
    const scene = drawScene(draw);
    return [picture(scene), given(CAPTION_PROMPT), learnt(caption(scene))];
  },
  questions: (draw, picture) => {
    const scene = drawScene(draw);
    const shown = draw.chance(CONTENTS) ? [{ question: CONTENTS_PROMPT, answer: contents(scene) }] : [];
    const asked = askSeveral(scene, draw, { count: 4 - shown.length, weights: ALL_TASKS });
    return [picture(scene), ...[...shown, ...asked].flatMap(shortAnswer)];
  },
  twoPictures: (draw, picture) => {
    if (draw.chance(0.5)) {
      const { scenes, question, answer } = whichPicture(draw);
      return [...scenes.map(picture), ...shortAnswer({ question, answer })];
    }
    return [drawScene(draw), drawScene(draw)].flatMap((scene) => [
      picture(scene),
      ...askSeveral(scene, draw, { count: 2, weights: ALL_TASKS }).flatMap(shortAnswer),
    ]);
  },
  conversations,
};

function shortAnswer({ question, answer }: Pick<Question, "question" | "answer">): Part[] {
  return [given(question), given(SHORT_ANSWER), learnt(answer)];
}

/** How often a conversation begins with a caption, is about two pictures, asks which of two, ends with who is there. */
const BEGINS_WITH_CAPTION = 0.3;
const SECOND_PICTURE = 0.25;
const WHICH = 0.15;
const INTRODUCES_ITSELF = 0.05;

function conversations(draw: Draw, picture: Paint): Part[] {
  const turn = (question: string, answer: string): Part[] => [
    { text: question, learn: false, role: "user" },
    { text: answer, learn: true, role: "assistant" },
  ];
  if (draw.chance(WHICH)) {
    const { scenes, question, answer } = whichPicture(draw);
    return [...scenes.map(picture), ...turn(question, answer)];
  }
  const about = (scene: Scene, turns: number): Part[] => {
    const described = draw.chance(BEGINS_WITH_CAPTION) ? [description(scene, draw)] : [];
    const asked = askSeveral(scene, draw, { count: turns, weights: ALL_TASKS });
    const shown = [...described, ...asked].slice(0, turns);
    return [picture(scene), ...shown.flatMap(({ question, answer }) => turn(question, answer))];
  };
  if (draw.chance(SECOND_PICTURE)) return [...about(drawScene(draw), 1), ...about(drawScene(draw), 1)];
  const parts = about(drawScene(draw), 1 + draw.integer(3));
  return draw.chance(INTRODUCES_ITSELF) ? [...parts, ...turn(INTRODUCTION.question, INTRODUCTION.answer)] : parts;
}
