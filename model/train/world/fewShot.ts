import { Draw } from "./draw.ts";
import { ask, type Question, type TaskName } from "./questions.ts";
import { drawScene, found, queryName, type Scene, type Split } from "./scene.ts";
import { COLOURS, isUnseen, BACKGROUNDS, SHAPES, type Shape, withArticle } from "./words.ts";

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

/** Which of two pictures has something that the other has not: "first" or "second". */
export interface WhichPicture {
  readonly scenes: readonly [Scene, Scene];
  readonly question: string;
  readonly answer: "first" | "second";
}

/** @param options.second whether it is in the second one; default: drawn, as often as not */
export function whichPicture(draw: Draw, { second = draw.chance(0.5), split = "seen" as Split } = {}): WhichPicture {
  for (;;) {
    const [one, other] = [drawScene(draw, { split }), drawScene(draw, { split })];
    const { kind, colour } = draw.of(one.items);
    const query = draw.of(colour === null ? [{ kind }] : [{ kind }, { colour }, { kind, colour }]);
    if (found(other, query).length > 0) continue;
    const question = `Which picture has ${withArticle(queryName(query))}?`;
    return { scenes: second ? [other, one] : [one, other], question, answer: second ? "second" : "first" };
  }
}
