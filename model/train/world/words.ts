/*
 * All that the small world has, by name. Shapes come in nine colours, things in their own; both are Noto emoji.
 */

export const COLOURS = ["red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white"] as const;
export type Colour = (typeof COLOURS)[number];

export const SHAPES = ["circle", "square", "heart"] as const;
export type Shape = (typeof SHAPES)[number];

export const THINGS = [
  "apple",
  "ball",
  "banana",
  "bus",
  "car",
  "cat",
  "dog",
  "fish",
  "house",
  "star",
  "strawberry",
  "tree",
] as const;
export type Thing = (typeof THINGS)[number];

export type Kind = Shape | Thing;

export const BACKGROUNDS = ["grey", "pink", "cyan", "tan", "lilac"] as const;
export type Background = (typeof BACKGROUNDS)[number];

export const ROWS = ["top", "middle", "bottom"] as const;
export const COLUMNS = ["left", "centre", "right"] as const;

/** Combinations that no training picture and no training text ever has. Each half of each is common. */
export const UNSEEN: readonly (readonly [Colour, Shape])[] = [
  ["purple", "circle"],
  ["orange", "square"],
  ["blue", "square"],
  ["green", "heart"],
  ["black", "heart"],
];

export const NUMBERS = ["zero", "one", "two", "three", "four"] as const;

export function isUnseen(colour: Colour | null, kind: Kind): boolean {
  return UNSEEN.some(([c, s]) => c === colour && s === kind);
}

const PLURALS: Partial<Record<string, string>> = {
  bus: "buses",
  fish: "fish",
  strawberry: "strawberries",
};

/** "red circle" -> "red circles" */
export function plural(name: string): string {
  const words = name.split(" ");
  const last = words[words.length - 1];
  return [...words.slice(0, -1), PLURALS[last] ?? `${last}s`].join(" ");
}

/** "apple" -> "an apple" */
export function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

/** "a, b and c" */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

/** The name of one of the nine places: cell 0 is "top left", 4 "middle centre", 8 "bottom right". */
export function placeName(cell: number): string {
  return `${ROWS[Math.floor(cell / 3)]} ${COLUMNS[cell % 3]}`;
}
