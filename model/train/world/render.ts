import { type Image, makeImage } from "../../processor/pictures/image.ts";
import type { Draw } from "./draw.ts";
import { itemName, type Item, type Scene } from "./scene.ts";
import type { Sprites } from "./sprites.ts";
import type { Background } from "./words.ts";

/** The side of a picture as the model sees it, in pixels. */
export const SIDE = 64;

export const BACKGROUND_RGB: Readonly<Record<Background, readonly [number, number, number]>> = {
  grey: [150, 152, 155],
  pink: [248, 176, 200],
  cyan: [130, 222, 228],
  tan: [214, 184, 140],
  lilac: [200, 178, 236],
};

/** How far a colour may be off in each channel, of backgrounds and of things. */
const BACKGROUND_SPREAD = 10;
const THING_SPREAD = 12;
/** Half the width of the noise on every sample. */
const NOISE = 7;
/** The sides of things, and how far they may be from the middle of their cell, in pixels of a picture of side 64. */
const SMALLEST = 14;
const LARGEST = 19;
const JITTER = 2;

/**
 * A scene as a picture [side, side], RGB. What `draw` decides is the same for every side, but for the noise.
 * @param side a multiple of 64 looks the same, only finer
 */
export function render(scene: Scene, draw: Draw, sprites: Sprites, side = SIDE): Image {
  const near = (value: number, spread: number) => value + draw.uniform(-spread, spread);
  const ground = BACKGROUND_RGB[scene.background].map((value) => near(value, BACKGROUND_SPREAD));
  const pixels = new Float32Array(side * side * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = ground[i % 3];
  for (const item of scene.items) stamp(pixels, side, placed(item, draw, side), sprites);
  return makeImage(
    side,
    side,
    "RGB",
    Uint8Array.from(pixels, (value) => Math.min(255, Math.max(0, Math.round(near(value, NOISE))))),
  );
}

/** A thing on a picture, in pixels. */
export interface Stamp {
  readonly name: string;
  readonly size: number;
  readonly left: number;
  readonly top: number;
  /** Added to each channel. */
  readonly tint: readonly number[];
}

function placed(item: Item, draw: Draw, side: number): Stamp {
  const scale = side / SIDE;
  const size = Math.round(draw.uniform(SMALLEST, LARGEST) * scale);
  const centre = (place: number) => ((place + 0.5) * side) / 3 + draw.uniform(-JITTER, JITTER) * scale;
  const corner = (place: number) => Math.min(side - size, Math.max(0, Math.round(centre(place) - size / 2)));
  const [left, top] = [corner(item.cell % 3), corner(Math.floor(item.cell / 3))];
  const tint = [0, 1, 2].map(() => draw.uniform(-THING_SPREAD, THING_SPREAD));
  return { name: itemName(item), size, left, top, tint };
}

/** Lay a thing on a picture [side, side], RGB. */
export function stamp(
  pixels: Float32Array,
  side: number,
  { name, size, left, top, tint }: Stamp,
  sprites: Sprites,
): void {
  const { data } = sprites.get(name, size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = 4 * (y * size + x);
      const to = 3 * ((top + y) * side + left + x);
      const alpha = data[from + 3] / 255;
      for (let c = 0; c < 3; c++) pixels[to + c] += alpha * (data[from + c] + tint[c] - pixels[to + c]);
    }
  }
}
