import { InfimmError } from "../../../core/errors.ts";
import { decodeImage } from "../../processor/pictures/decodeImage.ts";
import { crop, pillowResize } from "../../processor/pictures/pillowResize.ts";
import type { Image } from "../../processor/pictures/image.ts";
import { COLOURS, SHAPES, THINGS } from "./words.ts";

/** The side of a stored emoji in pixels. */
export const SPRITE_SIDE = 40;

/** What stands in the sheet, from left to right. */
export const SPRITE_NAMES: readonly string[] = [
  ...SHAPES.flatMap((shape) => COLOURS.map((colour) => `${colour} ${shape}`)),
  ...THINGS,
];

/** The emoji of the world at any size, RGBA. */
export class Sprites {
  readonly #sheet: Image;
  readonly #resized = new Map<string, Image>();

  private constructor(sheet: Image) {
    this.#sheet = sheet;
  }

  static async load(): Promise<Sprites> {
    const { SPRITE_SHEET } = await import("./spriteSheet.ts");
    const bytes = Uint8Array.from(atob(SPRITE_SHEET), (letter) => letter.charCodeAt(0));
    return new Sprites(await decodeImage(bytes));
  }

  /** @param side in pixels */
  get(name: string, side: number): Image {
    const key = `${name} ${side}`;
    const known = this.#resized.get(key);
    if (known) return known;
    const at = SPRITE_NAMES.indexOf(name);
    if (at < 0) throw new InfimmError(`world: there is no emoji "${name}"; there are ${SPRITE_NAMES.join(", ")}`);
    const window = { left: at * SPRITE_SIDE, top: 0, width: SPRITE_SIDE, height: SPRITE_SIDE };
    const made = pillowResize(crop(this.#sheet, window), side, side);
    this.#resized.set(key, made);
    return made;
  }
}
