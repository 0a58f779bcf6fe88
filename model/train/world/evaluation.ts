import type { Image } from "../../processor/pictures/image.ts";
import { Draw } from "./draw.ts";
import { APART, ask, type Question, type TaskName } from "./questions.ts";
import { render, SIDE } from "./render.ts";
import { drawScene, type Scene, type Split } from "./scene.ts";
import type { Sprites } from "./sprites.ts";

/** A question about a scene that training does not draw. */
export interface WorldItem extends Question {
  readonly id: string;
  readonly scene: Scene;
}

export interface ItemOptions {
  readonly split?: Split;
  readonly seed?: number | string;
}

/**
 * Item `index` of a task. Yes and no are the answers in turn, and three of five noes to "is there a red circle?" are
 * about a shape and a colour that are both there, but apart: of ten items in a row, exactly so.
 * Seeds of training are other keys, so that no scene here is one of training's but by chance.
 */
export function worldItem(task: TaskName, index: number, { split = "seen", seed = 0 }: ItemOptions = {}): WorldItem {
  const id = `${split} ${seed} ${task} ${index}`;
  for (let tries = 0; ; tries++) {
    const draw = new Draw(`evaluate ${id} ${tries}`);
    const scene = drawScene(draw, { split });
    const mayAskUnseen = split === "unseen";
    const question = ask(task, scene, draw, {
      mayAskUnseen,
      yes: index % 2 === 0,
      apart: (index >> 1) % 5 < 5 * APART,
    });
    if (question) return { id, scene, ...question };
  }
}

/** The picture of an item. */
export function pictureOf({ id, scene }: WorldItem, sprites: Sprites, side = SIDE): Image {
  return render(scene, new Draw(`picture ${id}`), sprites, side);
}
