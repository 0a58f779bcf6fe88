import { Draw } from "./draw.ts";
import { ask, type Question, type TaskName } from "./questions.ts";
import { drawScene, type Scene } from "./scene.ts";
import { COLOURS, isUnseen, BACKGROUNDS, SHAPES, type Shape } from "./words.ts";

/** Words that no picture is ever trained with, for shapes that demonstrations give a name. */
export const MADE_UP = ["dax", "wug"] as const;

/** What a tokenizer has to know of this file. */
export const FEW_SHOT_WORDS: readonly string[] = ["This is a", "Which picture has", "first", "second", ...MADE_UP];

/** A scene and what is said about it: `question`, which is to be followed by `answer`. */
export interface Shot {
  readonly scene: Scene;
  readonly question: string;
  readonly answer: string;
}

/** Demonstrations, each with a picture of its own, and what is asked after them. */
export interface FewShot {
  readonly demonstrations: readonly Shot[];
  readonly query: Shot;
}

/**
 * The same task asked of several pictures. Query `index` is the same for any number of demonstrations, so that 0 and 4 of
 * them can be compared item by item.
 */
export function fewShot(task: TaskName, index: number, { shots, seed = 0 }: { shots: number; seed?: number }): FewShot {
  const shot = (which: string, yes: boolean): Shot => {
    for (let tries = 0; ; tries++) {
      const draw = new Draw(`few shots ${seed} ${task} ${index} ${which} ${tries}`);
      const scene = drawScene(draw);
      const asked: Question | undefined = ask(task, scene, draw, { yes });
      if (asked) return { scene, question: asked.question, answer: asked.answer };
    }
  };
  return {
    demonstrations: Array.from({ length: shots }, (_, i) => shot(`${i}`, i % 2 === 0)),
    query: shot("query", index % 2 === 0),
  };
}

/** Two shapes get made-up names in two pictures each; what is the shape of the fifth picture called? */
export function madeUpWords(index: number, { seed = 0 }: { seed?: number } = {}): FewShot {
  const draw = new Draw(`made-up words ${seed} ${index}`);
  const shapes = draw.shuffled(SHAPES).slice(0, 2);
  const show = (which: number): Shot => ({
    scene: oneShape(shapes[which], draw),
    question: "This is a",
    answer: MADE_UP[which],
  });
  return { demonstrations: draw.shuffled([0, 0, 1, 1]).map(show), query: show(index % 2) };
}

function oneShape(kind: Shape, draw: Draw): Scene {
  const colour = draw.of(COLOURS.filter((one) => !isUnseen(one, kind)));
  return { items: [{ kind, colour, cell: draw.integer(9) }], background: draw.of(BACKGROUNDS) };
}
