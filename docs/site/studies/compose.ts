import { BACKGROUND_RGB, SIDE } from "../../../model/train/world/render.ts";
import { SPRITE_NAMES } from "../../../model/train/world/sprites.ts";
import { BACKGROUNDS } from "../../../model/train/world/words.ts";
import { type About, aboutOf, type Study } from "./study.ts";

/** What a picture can be put together of, and the answer about the one that is there. */
export interface Composing extends About {
  /** Names of the things, in the order of the sheet that has them. */
  readonly kinds: readonly string[];
  readonly backgrounds: readonly { readonly name: string; readonly colour: string }[];
  /** Pixels a side of the picture. */
  readonly side: number;
}

/** The things that the small world has. */
export const compose: Study<Composing> = {
  async measure(session, asked, _, turn) {
    const study = await session.study(asked, turn);
    const backgrounds = BACKGROUNDS.map((name) => ({ name, colour: `rgb(${BACKGROUND_RGB[name].join(" ")})` }));
    return { ...aboutOf(asked, study), kinds: SPRITE_NAMES, backgrounds, side: SIDE };
  },
};
