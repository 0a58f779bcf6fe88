import type { Draw } from "./draw.ts";
import {
  type Background,
  BACKGROUNDS,
  type Colour,
  COLOURS,
  isUnseen,
  type Kind,
  SHAPES,
  type Shape,
  THINGS,
  UNSEEN,
} from "./words.ts";

/** One thing of a scene. */
export interface Item {
  readonly kind: Kind;
  /** Shapes have one; things have their own colours, and none to be asked for. */
  readonly colour: Colour | null;
  /** Of the 3 x 3 grid, row by row. */
  readonly cell: number;
}

/** What is in a picture: one to four things in cells of their own, in reading order, on a plain background. */
export interface Scene {
  readonly items: readonly Item[];
  readonly background: Background;
}

/**
 * | split | combinations of colour and shape |
 * | --- | --- |
 * | `seen` | all but the unseen ones: what training draws |
 * | `unseen` | at least one thing is of an unseen one, the others are of any |
 */
export type Split = "seen" | "unseen";

export interface SceneOptions {
  readonly split?: Split;
  /** How often a scene has one, two, three or four things. */
  readonly sizes?: readonly number[];
}

export const SIZES = [0.2, 0.3, 0.3, 0.2];
const SHAPE_SHARE = 0.6;
/** How often a thing repeats an earlier one, so that there is something to count. */
const REPEATS = 0.3;

export function drawScene(draw: Draw, { split = "seen", sizes = SIZES }: SceneOptions = {}): Scene {
  const size = 1 + Number(draw.weighted(Object.fromEntries(sizes.map((share, i) => [i, share]))));
  const cells = draw.shuffled([0, 1, 2, 3, 4, 5, 6, 7, 8]).slice(0, size);
  const kinds: Omit<Item, "cell">[] = [];
  for (let i = 0; i < size; i++) {
    if (i === 0 && split === "unseen") kinds.push(unseenThing(draw));
    else if (i > 0 && draw.chance(REPEATS)) kinds.push(draw.of(kinds));
    else kinds.push(thing(draw, split));
  }
  const items = kinds.map((kind, i): Item => ({ ...kind, cell: cells[i] }));
  return { items: items.sort((a, b) => a.cell - b.cell), background: draw.of(BACKGROUNDS) };
}

function unseenThing(draw: Draw): Omit<Item, "cell"> {
  const [colour, kind] = draw.of(UNSEEN);
  return { colour, kind };
}

function thing(draw: Draw, split: Split): Omit<Item, "cell"> {
  if (!draw.chance(SHAPE_SHARE)) return { kind: draw.of(THINGS), colour: null };
  for (;;) {
    const found = { kind: draw.of(SHAPES), colour: draw.of(COLOURS) };
    if (split === "unseen" || !isUnseen(found.colour, found.kind)) return found;
  }
}

/** What a question means: things of a kind, of a colour, of both, or all. */
export interface Query {
  readonly kind?: Kind;
  readonly colour?: Colour;
}

/** "red circle", "circle", "red shape", "dog", "thing" */
export function queryName({ kind, colour }: Query): string {
  const noun = kind ?? (colour === undefined ? "thing" : "shape");
  return colour === undefined ? noun : `${colour} ${noun}`;
}

export function matches(item: Item, { kind, colour }: Query): boolean {
  return (kind === undefined || item.kind === kind) && (colour === undefined || item.colour === colour);
}

export function found(scene: Scene, query: Query): Item[] {
  return scene.items.filter((item) => matches(item, query));
}

/** What tells one thing of a scene from nothing else: its colour, where it has one, and its kind. */
export function queryOf({ kind, colour }: Item): Query {
  return colour === null ? { kind } : { kind, colour };
}

export function itemName(item: Item): string {
  return queryName(queryOf(item));
}

export function isShape(kind: Kind): kind is Shape {
  return (SHAPES as readonly string[]).includes(kind);
}
