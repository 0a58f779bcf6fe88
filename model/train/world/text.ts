import { Draw } from "./draw.ts";
import {
  ask,
  askSeveral,
  caption,
  description,
  INTRODUCTION,
  NO_PICTURE,
  relationOfPlaces,
  type Question,
  type TaskName,
} from "./questions.ts";
import { whichPicture } from "./whichPicture.ts";
import { drawScene, found, itemName, queryOf, type Scene, type SceneOptions } from "./scene.ts";
import { BACKGROUNDS, COLOURS, COLUMNS, NUMBERS, placeName, ROWS, THINGS } from "./words.ts";

/** A text for the language model alone, and the characters of it that bear loss. */
export interface TextRow {
  readonly text: string;
  readonly counted: readonly { readonly start: number; readonly end: number }[];
  /** What is asked in it, in its order. */
  readonly questions: readonly Question[];
}

/**
 * What the language model is taught. Level 0: nothing but to find again what it has read, in words without sense, which
 * makes the circuits that everything else needs (Olsson et al., "In-context learning and induction heads", 2022). Level 1:
 * everything that is asked of pictures later, about written scenes.
 */
export const LEVELS = 2;

export const SHORT_ANSWER = "Answer the question using a single word or phrase.";

const END_OF_CHUNK = "<|endofchunk|>";
const LOOK_UP: Partial<Record<TaskName, number>> = { colour: 1, kind: 1, where: 1 };
export const ALL_TASKS: Partial<Record<TaskName, number>> = {
  ...LOOK_UP,
  count: 1.5,
  exist: 1.5,
  background: 0.3,
  relation: 1.5,
};

/** How often what is written at level 1. */
const FORMS = {
  /** Two to four things, each told again: its place after its name, its name after its place, its colour after its kind. */
  toldAgain: 0.1,
  /** Eight questions of colour, kind and place about two to four things. Of one thing nothing has to be looked up. */
  lookUp: 0.1,
  /** Eight questions of how two places stand to each other, which relations of things come down to. */
  places: 0.06,
  /** Four questions of how two or three things stand to each other. */
  relations: 0.1,
  /** Six questions of all tasks. */
  questions: 0.38,
  which: 0.05,
  caption: 0.09,
  captionAlone: 0.03,
  conversation: 0.05,
  demonstrations: 0.04,
  noPicture: 0.03,
};
const SEVERAL_THINGS = [0, 0.3, 0.4, 0.3];

/** Row `index` of the texts of a seed. */
export function textRow(seed: number | string, index: number, level = LEVELS - 1): TextRow {
  const draw = new Draw(`text ${seed} ${level} ${index}`);
  return level === 0 ? wordsToldAgain(draw) : WRITERS[draw.weighted(FORMS)](draw);
}

const WRITERS: Readonly<Record<keyof typeof FORMS, (draw: Draw) => TextRow>> = {
  toldAgain: (draw) => toldAgain(drawScene(draw, { sizes: SEVERAL_THINGS }), draw),
  lookUp: (draw) => {
    const scene = drawScene(draw, { sizes: SEVERAL_THINGS });
    return questionRow(writtenScene(scene, draw), askSeveral(scene, draw, { count: 8, weights: LOOK_UP }), false);
  },
  places: (draw) => {
    const writer = new RowWriter();
    for (let i = 0; i < 8; i++) {
      const { question, answer } = relationOfPlaces(draw);
      writer.say(`${question}\n`);
      writer.learn(answer + END_OF_CHUNK);
    }
    return writer.row([]);
  },
  relations: (draw) => {
    const scene = drawScene(draw, { sizes: [0, 0.6, 0.4] });
    const questions = askSeveral(scene, draw, { count: 4, weights: { relation: 1 } });
    return questionRow(writtenScene(scene, draw), questions, false);
  },
  questions: (draw) => {
    const scene = drawScene(draw);
    const questions = askSeveral(scene, draw, { count: 6, weights: ALL_TASKS });
    return questionRow(writtenScene(scene, draw), questions, draw.chance(0.25));
  },
  which: whichOfTwo,
  caption: (draw) => captionOf(drawScene(draw), draw),
  captionAlone: (draw) => captionAlone(drawScene(draw)),
  conversation: (draw) => {
    const scene = drawScene(draw);
    const described = draw.chance(0.3) ? [description(scene, draw)] : [];
    const asked = askSeveral(scene, draw, { count: 3, weights: ALL_TASKS });
    return conversation([...described, ...asked].slice(0, 3), writtenScene(scene, draw));
  },
  demonstrations,
  noPicture: (draw) => {
    const asked = askSeveral(drawScene(draw), draw, { count: 2, weights: ALL_TASKS });
    const turns = asked.map(({ question }) => ({ question, answer: NO_PICTURE }));
    return conversation(draw.shuffled([INTRODUCTION, ...turns]));
  },
};

/** A row that asks about a written scene as the last level does: for tests of what was learnt. */
export function heldOutRow(seed: number | string, index: number, task: TaskName, options: SceneOptions = {}): TextRow {
  for (let tries = 0; ; tries++) {
    const draw = new Draw(`held out ${seed} ${task} ${options.split ?? "seen"} ${index} ${tries}`);
    const scene = drawScene(draw, options);
    const question = ask(task, scene, draw, { mayAskUnseen: options.split === "unseen" });
    if (question) return questionRow(writtenScene(scene, draw), [question], false);
  }
}

/** "Picture: dog top left, red circle middle centre, on cyan." In any order, unless it is asked for as read. */
export function writtenScene({ items, background }: Scene, draw?: Draw): string {
  const order = draw ? draw.shuffled(items) : items;
  const things = order.map((item) => `${itemName(item)} ${placeName(item.cell)}`);
  return `Picture: ${things.join(", ")}, on ${background}.`;
}

/** The scene, then questions and answers, as the `task` layout writes them under a picture. */
function questionRow(scene: string, questions: readonly Question[], suffix: boolean): TextRow {
  const writer = new RowWriter();
  writer.say(scene + END_OF_CHUNK);
  for (const { question, answer } of questions) {
    writer.say(suffix ? `${question}\n${SHORT_ANSWER}\n` : `${question}\n`);
    writer.learn(answer + END_OF_CHUNK);
  }
  writer.learn("</s>");
  return writer.row(questions);
}

/** What is told again without sense: words of the world but its shapes, which beside a colour could be an unseen one. */
const WORDS = [...COLOURS, ...THINGS, ...BACKGROUNDS, ...ROWS, ...COLUMNS, ...NUMBERS, "is", "the", "there", "What"];
const TELLINGS = 3;

/** Four to seven chunks of two or three words, told three times, each time in another order. */
function wordsToldAgain(draw: Draw): TextRow {
  const writer = new RowWriter();
  const words = draw.shuffled(WORDS);
  const chunks = Array.from({ length: 4 + draw.integer(4) }, () => words.splice(0, 2 + draw.integer(2)));
  for (let telling = 0; telling < TELLINGS; telling++) {
    for (const [i, [first, ...follow]] of draw.shuffled(chunks).entries()) {
      writer.say(i === 0 ? first : ` ${first}`);
      if (telling === 0) writer.say(` ${follow.join(" ")}`);
      else writer.learn(` ${follow.join(" ")}`);
    }
    writer.say(END_OF_CHUNK);
  }
  return writer.row([]);
}

/** What is unmistakable of a written scene, told again in another order: all but what each piece begins with counts. */
function toldAgain(scene: Scene, draw: Draw): TextRow {
  const writer = new RowWriter();
  writer.say(writtenScene(scene, draw) + END_OF_CHUNK);
  const pieces = scene.items.flatMap((item): [string, string][] => {
    const [name, place] = [itemName(item), placeName(item.cell)];
    const isOnly = found(scene, queryOf(item)).length === 1;
    const isOnlyKind = item.colour !== null && found(scene, { kind: item.kind }).length === 1;
    return [
      [place, name],
      ...(isOnly ? [[name, place] as [string, string]] : []),
      ...(isOnlyKind ? [[item.kind, item.colour!] as [string, string]] : []),
    ];
  });
  for (const [given, follows] of draw.shuffled(pieces)) {
    writer.say(given);
    writer.learn(` ${follows}${END_OF_CHUNK}`);
  }
  writer.learn("</s>");
  return writer.row([]);
}

function captionOf(scene: Scene, draw: Draw): TextRow {
  const writer = new RowWriter();
  writer.say(writtenScene(scene, draw.chance(0.5) ? draw : undefined) + END_OF_CHUNK);
  if (draw.chance(0.3)) {
    writer.learn(`${caption(scene)}${END_OF_CHUNK}</s>`);
  } else {
    const { question, answer } = description(scene, draw);
    writer.say(`${question}\n`);
    writer.learn(`${answer}${END_OF_CHUNK}</s>`);
  }
  return writer.row([]);
}

function captionAlone(scene: Scene): TextRow {
  const writer = new RowWriter();
  writer.learn(`${caption(scene)}${END_OF_CHUNK}</s>`);
  return writer.row([]);
}

/** In the words of the chat template, the scene where a picture will be, if there is one. */
function conversation(turns: readonly Pick<Question, "question" | "answer">[], scene?: string): TextRow {
  const writer = new RowWriter();
  writer.say("<|system|>\n</s>\n");
  for (const [i, { question, answer }] of turns.entries()) {
    const shown = i === 0 && scene !== undefined ? scene + END_OF_CHUNK : "";
    writer.say(`<|user|>\n${shown}${question}</s>\n<|assistant|>\n`);
    writer.learn(`${answer}</s>`);
    writer.say("\n");
  }
  return writer.row([]);
}

/** Three or four scenes, of each the same thing asked. */
function demonstrations(draw: Draw): TextRow {
  const writer = new RowWriter();
  const task = draw.of(["colour", "exist", "count"] as const);
  const questions: Question[] = [];
  const shots = 3 + draw.integer(2);
  while (questions.length < shots) {
    const scene = drawScene(draw);
    const question = ask(task, scene, draw);
    if (!question) continue;
    questions.push(question);
    writer.say(`${writtenScene(scene, draw)}${END_OF_CHUNK}${question.question}\n`);
    writer.learn(question.answer + END_OF_CHUNK);
  }
  writer.learn("</s>");
  return writer.row(questions);
}

/** Two scenes, and which of them has something. */
function whichOfTwo(draw: Draw): TextRow {
  const { scenes, question, answer } = whichPicture(draw);
  const writer = new RowWriter();
  for (const scene of scenes) writer.say(writtenScene(scene, draw) + END_OF_CHUNK);
  writer.say(`${question}\n`);
  writer.learn(`${answer}${END_OF_CHUNK}</s>`);
  return writer.row([]);
}

class RowWriter {
  #text = "";
  readonly #counted: { start: number; end: number }[] = [];

  say(text: string): void {
    this.#text += text;
  }

  learn(text: string): void {
    this.#counted.push({ start: this.#text.length, end: this.#text.length + text.length });
    this.#text += text;
  }

  row(questions: readonly Question[]): TextRow {
    return { text: this.#text, counted: this.#counted, questions };
  }
}
