import { InfimmError } from "../../../core/errors.ts";
import { type Image, makeImage } from "../../../model/processor/pictures/image.ts";
import { BACKGROUND_RGB, SIDE, stamp } from "../../../model/train/world/render.ts";
import { SPRITE_NAMES, Sprites } from "../../../model/train/world/sprites.ts";
import { BACKGROUNDS } from "../../../model/train/world/words.ts";
import type { ComposedScene } from "../scene.ts";

let sprites: Promise<Sprites> | undefined;

/** A scene that was put together, drawn as the pictures are that the model was trained on, without their noise. */
export async function drawScene({ background, things }: ComposedScene): Promise<Image> {
  sprites ??= Sprites.load();
  const loaded = await sprites;
  const name = BACKGROUNDS[background];
  if (name === undefined) throw new InfimmError(`scene: there are backgrounds 0 to ${BACKGROUNDS.length - 1}, got ${background}`); // biome-ignore format: one line
  const ground = BACKGROUND_RGB[name];
  const pixels = Float32Array.from({ length: SIDE * SIDE * 3 }, (_, i) => ground[i % 3]);
  for (const { kind, x, y, size } of things) {
    const side = Math.min(SIDE, Math.max(1, size));
    const corner = (middle: number) => Math.min(SIDE - side, Math.max(0, Math.round(middle - side / 2)));
    const thing = { name: SPRITE_NAMES[kind] ?? "", size: side, left: corner(x), top: corner(y), tint: [0, 0, 0] };
    stamp(pixels, SIDE, thing, loaded);
  }
  return makeImage(SIDE, SIDE, "RGB", Uint8Array.from(pixels, Math.round));
}
