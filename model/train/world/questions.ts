import { InfimmError } from "../../../core/errors.ts";
import type { Draw } from "./draw.ts";
import { found, isShape, type Item, itemName, matches, type Query, queryName, queryOf, type Scene } from "./scene.ts";
import {
  BACKGROUNDS,
  COLOURS,
  COLUMNS,
  isUnseen,
  type Kind,
  listed,
  NUMBERS,
  placeName,
  plural,
  ROWS,
  SHAPES,
  THINGS,
  withArticle,
} from "./words.ts";

/** A question about a scene. Its answer follows from the scene alone. */
export interface Question {
  readonly task: TaskName;
  readonly question: string;
  readonly answer: string;
}

/**
 * | task | answer | guessing |
 * | --- | --- | --- |
 * | `caption` | everything, in reading order, equal things together | 0 |
 * | `count` | zero to four | the commonest: about a half |
 * | `exist` | yes, no: exactly as often, by `yes` | a half |
 * | `colour` | of the only circle, square or heart | 1 of 9 |
 * | `kind` | what stands at a place, which shape has a colour, what an only thing is | below 1 of 3 |
 * | `where` | one of nine places, of an only thing | 1 of 9 |
 * | `relation` | yes, no: exactly as often, of two things in other rows or columns | a half |
 * | `background` | | 1 of 5 |
 */
export const TASKS = ["caption", "count", "exist", "colour", "kind", "where", "relation", "background"] as const;
export type TaskName = (typeof TASKS)[number];

export interface AskOptions {
  /** Combinations that training never has are asked for only where the scenes may have them. */
  readonly mayAskUnseen?: boolean;
  /** The answer to a yes-or-no question. Default: drawn, as often the one as the other. */
  readonly yes?: boolean;
  /**
   * Whether a "no" is of a shape and a colour that are both there, but apart: then scenes without such have no question.
   * Default: drawn where the scene has such.
   */
  readonly apart?: boolean;
}

type Ask = (scene: Scene, draw: Draw, options: AskOptions) => Omit<Question, "task"> | undefined;

export const CAPTION_PROMPT = "Please describe the image.";
export const CONTENTS_PROMPT = "What is in the picture?";

/** What a conversation without a picture says to every question but one. */
export const NO_PICTURE = "There is no picture.";
export const INTRODUCTION = { question: "Who are you?", answer: "I am infimm-tiny, a very small model." } as const;

/** A question of the task, or undefined where the scene has none. */
export function ask(task: TaskName, scene: Scene, draw: Draw, options: AskOptions = {}): Question | undefined {
  const asked = ASK[task](scene, draw, options);
  return asked && { task, ...asked };
}

/** `count` questions of different wording, tasks drawn by weight; fewer where the scene has no more to ask. */
export function askSeveral(
  scene: Scene,
  draw: Draw,
  { count, weights, ...options }: AskOptions & { count: number; weights: Partial<Record<TaskName, number>> },
): Question[] {
  const asked = new Map<string, Question>();
  for (let tries = 0; asked.size < count && tries < 20 * count; tries++) {
    const question = ask(draw.weighted(weights as Record<TaskName, number>), scene, draw, options);
    if (question && !asked.has(question.question)) asked.set(question.question, question);
  }
  return [...asked.values()];
}

/** What a picture shows: its things and the background where it is to be described, the things alone where that is asked. */
export function description(scene: Scene, draw: Draw): Pick<Question, "question" | "answer"> {
  if (draw.chance(0.7)) return { question: CAPTION_PROMPT, answer: caption(scene) };
  return { question: CONTENTS_PROMPT, answer: contents(scene) };
}

/** "a red circle, a dog and two white hearts on a cyan background" */
export function caption(scene: Scene): string {
  return `${contents(scene)} on ${withArticle(scene.background)} background`;
}

/** "a red circle, a dog and two white hearts": reading order, by the first of equal things. */
export function contents(scene: Scene): string {
  return listed(counted(scene));
}

function counted(scene: Scene): string[] {
  const counts = new Map<string, number>();
  for (const item of scene.items) counts.set(itemName(item), (counts.get(itemName(item)) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n === 1 ? withArticle(name) : `${NUMBERS[n]} ${plural(name)}`));
}

const ASK: Readonly<Record<TaskName, Ask>> = {
  caption: (scene) => ({ question: CAPTION_PROMPT, answer: caption(scene) }),
  count: (scene, draw, options) => {
    const query = draw.chance(0.1) ? {} : draw.chance(0.25) ? anyQuery(draw, options) : queryAbout(draw, scene);
    return { question: `How many ${plural(queryName(query))} are there?`, answer: NUMBERS[found(scene, query).length] };
  },
  exist: (scene, draw, options) => {
    const yes = options.yes ?? draw.chance(0.5);
    const query = yes ? queryAbout(draw, scene) : absentQuery(scene, draw, options);
    return query && { question: `Is there ${withArticle(queryName(query))}?`, answer: yesNo(yes) };
  },
  colour: (scene, draw) => {
    const items = uniqueBy(scene, ({ kind }) => ({ kind })).filter(({ colour }) => colour !== null);
    if (items.length === 0) return undefined;
    const { kind, colour } = draw.of(items);
    return { question: `What colour is the ${kind}?`, answer: colour! };
  },
  kind: (scene, draw) => {
    const [only, another] = scene.items;
    if (!another && draw.chance(0.4)) return { question: "What is this?", answer: withArticle(itemName(only)) };
    const coloured = uniqueBy(scene, ({ colour }) => ({ colour: colour ?? undefined })).filter(
      (i) => i.colour !== null,
    );
    if (coloured.length > 0 && draw.chance(0.5)) {
      const { kind, colour } = draw.of(coloured);
      return { question: `What shape is ${colour}?`, answer: kind };
    }
    const item = draw.of(scene.items);
    return { question: `What is at the ${placeName(item.cell)}?`, answer: withArticle(itemName(item)) };
  },
  where: (scene, draw) => {
    const asked = uniquelyAsked(scene, draw);
    return asked && { question: `Where is the ${queryName(asked.query)}?`, answer: placeName(asked.item.cell) };
  },
  relation: askRelation,
  background: (scene) => ({ question: "What colour is the background?", answer: scene.background }),
};

export function yesNo(yes: boolean): "yes" | "no" {
  return yes ? "yes" : "no";
}

/** By how much a cell is right of the first column, below the first row. */
const columnOf = (cell: number): number => cell % COLUMNS.length;
const rowOf = (cell: number): number => Math.floor(cell / COLUMNS.length);

const RELATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "left of": (a, b) => columnOf(b) - columnOf(a),
  "right of": (a, b) => columnOf(a) - columnOf(b),
  above: (a, b) => rowOf(b) - rowOf(a),
  below: (a, b) => rowOf(a) - rowOf(b),
};

/** Of two only things: one of the relations that holds, or its contrary. */
function askRelation(scene: Scene, draw: Draw, options: AskOptions): Omit<Question, "task"> | undefined {
  const [first, second] = draw.shuffled(uniqueBy(scene, queryOf));
  if (!second) return undefined;
  const yes = options.yes ?? draw.chance(0.5);
  const relation = relationBetween(first.cell, second.cell, yes, draw);
  const [a, b] = [first, second].map((item) => queryName(shortest(scene, item, draw)));
  return { question: `Is the ${a} ${relation} the ${b}?`, answer: yesNo(yes) };
}

/** The same of two places: "Is the top left above the middle right?" */
export function relationOfPlaces(draw: Draw): Pick<Question, "question" | "answer"> {
  const [first, second] = draw.shuffled(Array.from({ length: ROWS.length * COLUMNS.length }, (_, cell) => cell));
  const yes = draw.chance(0.5);
  const relation = relationBetween(first, second, yes, draw);
  return { question: `Is the ${placeName(first)} ${relation} the ${placeName(second)}?`, answer: yesNo(yes) };
}

/** A relation of two different cells that holds, or one of which the contrary does. */
function relationBetween(first: number, second: number, holds: boolean, draw: Draw): string {
  return draw.of(
    Object.keys(RELATIONS).filter((name) => {
      const difference = RELATIONS[name](first, second);
      return holds ? difference > 0 : difference < 0;
    }),
  );
}

/** Things that are the only ones of what `by` says about them. */
function uniqueBy(scene: Scene, by: (item: Item) => Query): Item[] {
  return scene.items.filter((item) => found(scene, by(item)).length === 1);
}

function uniquelyAsked(scene: Scene, draw: Draw): { item: Item; query: Query } | undefined {
  const items = uniqueBy(scene, queryOf);
  if (items.length === 0) return undefined;
  const item = draw.of(items);
  return { item, query: shortest(scene, item, draw) };
}

/** An only thing by its kind where that is enough, now and then with its colour all the same. */
function shortest(scene: Scene, item: Item, draw: Draw): Query {
  const { kind } = item;
  return found(scene, { kind }).length === 1 && draw.chance(0.6) ? { kind } : queryOf(item);
}

/** Kind, colour or both of one of the scene's things. */
function queryAbout(draw: Draw, scene: Scene): Query {
  const { kind, colour } = draw.of(scene.items);
  if (colour === null) return { kind };
  return draw.of([{ kind }, { colour }, { kind, colour }, { kind, colour }]);
}

/** Drawn without a look at the scene. */
function anyQuery(draw: Draw, { mayAskUnseen = false }: AskOptions): Query {
  for (;;) {
    const kind: Kind = draw.chance(0.6) ? draw.of(SHAPES) : draw.of(THINGS);
    if (!isShape(kind)) return { kind };
    const colour = draw.of(COLOURS);
    const query = draw.of([{ kind }, { colour }, { kind, colour }, { kind, colour }]);
    if (mayAskUnseen || !("kind" in query && "colour" in query && isUnseen(colour, kind))) return query;
  }
}

/** How many of the "no"s have that shape and that colour, but apart, where a scene allows it. */
export const APART = 0.6;

function absentQuery(scene: Scene, draw: Draw, options: AskOptions): Query | undefined {
  const apart = apartQueries(scene, options);
  const isApart = options.apart ?? (apart.length > 0 && draw.chance(APART));
  if (isApart) return apart.length > 0 ? draw.of(apart) : undefined;
  for (;;) {
    const query = anyQuery(draw, options);
    const isOneOf = apart.some(({ kind, colour }) => kind === query.kind && colour === query.colour);
    if (!isOneOf && !scene.items.some((item) => matches(item, query))) return query;
  }
}

/** Combinations of a shape and a colour that are both there, but not together. */
export function apartQueries(scene: Scene, { mayAskUnseen = false }: AskOptions = {}): Query[] {
  const kinds = [...new Set(scene.items.map(({ kind }) => kind))].filter(isShape);
  const colours = [...new Set(scene.items.map(({ colour }) => colour))].filter((colour) => colour !== null);
  return kinds
    .flatMap((kind) => colours.map((colour) => ({ kind, colour })))
    .filter((query) => found(scene, query).length === 0 && (mayAskUnseen || !isUnseen(query.colour, query.kind)));
}

/** What a task's answers can be: what a guess is one of. */
export function answersOf(task: TaskName): readonly string[] {
  const places = ROWS.flatMap((row) => COLUMNS.map((column) => `${row} ${column}`));
  const answers: Partial<Record<TaskName, readonly string[]>> = {
    count: NUMBERS,
    exist: ["yes", "no"],
    colour: COLOURS,
    where: places,
    relation: ["yes", "no"],
    background: BACKGROUNDS,
  };
  const known = answers[task];
  if (!known) throw new InfimmError(`world: the answers to "${task}" are no short list`);
  return known;
}
