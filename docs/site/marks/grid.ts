import { indexedPng, type Palette } from "./png.ts";

/** A matrix as a picture may show it: 15 levels between its ends. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** The ends of the scale. Signed values have the same end on both sides, so that 0 is in the middle. */
  readonly low: number;
  readonly high: number;
  /** Levels row by row, a hexadecimal digit each: pages with many of these stay small. */
  readonly levels: string;
}

/** What is drawn at most of a matrix, each way. */
const MOST = 192;
/** The highest level. The one in the middle is 0 of signed values. */
const TOP = 14;

/** A matrix as levels. A larger one is drawn by every second, third … row or column: its own values, no means. */
export function gridOf(values: ArrayLike<number>, rows: number, columns: number): Grid {
  const [y, x] = [Math.ceil(rows / MOST), Math.ceil(columns / MOST)];
  const shown: number[] = [];
  for (let i = 0; i < rows; i += y) for (let j = 0; j < columns; j += x) shown.push(values[i * columns + j]);
  const finite = shown.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), 0);
  const most = finite.reduce((a, b) => Math.max(a, b), 0);
  const high = least < 0 ? Math.max(-least, most) : most || 1;
  const low = least < 0 ? -high : 0;
  const level = (value: number) => Math.round((TOP * (Math.min(high, Math.max(low, value)) - low)) / (high - low));
  const levels = shown.map((value) => (Number.isNaN(value) ? 0 : level(value)));
  return {
    rows: Math.ceil(rows / y),
    columns: Math.ceil(columns / x),
    low: rounded(low),
    high: rounded(high),
    levels: levels.map((one) => one.toString(16)).join(""),
  };
}

/** A matrix as an address of a picture, a pixel a value. */
export function gridPicture({ rows, columns, low, levels }: Grid): string {
  return indexedPng(
    columns,
    rows,
    Array.from(levels, (digit) => Number.parseInt(digit, 16)),
    low < 0 ? SIGNED : POSITIVE,
  );
}

/** A darkness that lies over a picture: nothing where a value is `most`, nearly all where it is 0 or less. */
export function veilPicture(map: ArrayLike<number>, most: number): string {
  const side = Math.sqrt(map.length);
  const levels = Array.from(map, (value) => Math.round(255 * Math.min(1, Math.max(0, value / most))));
  return indexedPng(side, side, levels, VEIL);
}

const shares = (count: number) => Array.from({ length: count }, (_, i) => i / (count - 1));
const mix = (a: readonly number[], b: readonly number[], share: number) => a.map((x, i) => Math.round(x + (b[i] - x) * share)); // biome-ignore format: one line

const [TEAL, PAPER, ORANGE, VIOLET] = [
  [14, 116, 107],
  [250, 248, 243],
  [186, 78, 14],
  [72, 44, 158],
];
const opaque = ([r, g, b]: readonly number[]) => [r, g, b, 255] as const;

/** Negative teal, 0 white, positive orange. */
const SIGNED: Palette = shares(TOP + 1).map((share) =>
  opaque(share < 0.5 ? mix(TEAL, PAPER, 2 * share) : mix(PAPER, ORANGE, 2 * share - 1)),
);
const POSITIVE: Palette = shares(TOP + 1).map((share) => opaque(mix(PAPER, VIOLET, share)));
const VEIL: Palette = shares(256).map((share) => [20, 19, 18, Math.round(217 * (1 - share))] as const);

function rounded(x: number): number {
  return Number(x.toPrecision(4));
}
