import { table } from "./markdown.ts";

/** A letter of the shape comments and einops strings in `model/`. */
export interface Letter {
  readonly meaning: string;
  /** Where it may stand, as beginnings of paths in `model/`; default: everywhere. */
  readonly rooms?: readonly string[];
}

const TOWER = ["evaClip/"];
const CONNECTOR = ["perceiver/", "crossAttention/", "study/", "train/tiny/", "flamingo.ts", "roles.ts", "inputs.ts"];
const TEXT = ["language/", "crossAttention/", "study/", "roles.ts"];
const ATTENTION = ["evaClip/", "perceiver/", "crossAttention/", "language/", "study/"];

/** What each letter means, wherever it stands. Longer names (`vocab`, `hidden`) say it themselves. */
export const LETTERS: Readonly<Record<string, Letter>> = {
  b: { meaning: "samples; in the tower, pictures" },
  m: { meaning: "pictures of a sample", rooms: [...CONNECTOR, "generate/decoder.ts"] },
  f: { meaning: "frames of a picture: 1", rooms: CONNECTOR },
  c: { meaning: "colours: 3", rooms: ["flamingo.ts", "train/tiny/"] },
  s: {
    meaning: "pixels a side of a picture",
    rooms: [...TOWER, "train/tiny/", "flamingo.ts", "roles.ts", "inputs.ts"],
  },
  y: { meaning: "rows of a picture or of its patches" },
  x: { meaning: "columns of a picture or of its patches" },
  p: { meaning: "patches of a picture", rooms: [...TOWER, "study/"] },
  v: { meaning: "tokens that the tower makes of a picture: CLS and p patches", rooms: [...TOWER, ...CONNECTOR] },
  n: { meaning: "media tokens of a picture, which text looks at: the latents", rooms: [...CONNECTOR, "generate/decoder.ts"] }, // biome-ignore format: one line
  t: { meaning: "tokens of text" },
  a: { meaning: "tokens of an answer", rooms: ["study/"] },
  i: { meaning: "positions that look: queries", rooms: ATTENTION },
  j: { meaning: "positions that are looked at: keys", rooms: ATTENTION },
  h: { meaning: "heads", rooms: ATTENTION },
  k: { meaning: "heads of keys and values, where there are fewer", rooms: ["language/"] },
  e: { meaning: "width of a head", rooms: ATTENTION },
  w: { meaning: "width of the vision tower and of all media tokens", rooms: [...TOWER, ...CONNECTOR, "generate/decoder.ts"] }, // biome-ignore format: one line
  d: { meaning: "width of the language model", rooms: TEXT },
};

/** The letters as a table. */
export function letters(): string {
  return table(
    ["letter", "is"],
    Object.entries(LETTERS).map(([letter, { meaning }]) => [`\`${letter}\``, meaning]),
  );
}
