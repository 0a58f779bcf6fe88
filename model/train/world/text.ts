import { Draw } from "./draw.ts";
import { ask, askSeveral, caption, CAPTION_PROMPT, type Question, type TaskName } from "./questions.ts";
import { drawScene, found, itemName, queryOf, type Scene, type SceneOptions } from "./scene.ts";
import { placeName } from "./words.ts";

/** A text for the language model alone, and the characters of it that bear loss. */
export interface TextRow {
  readonly text: string;
  readonly counted: readonly { readonly start: number; readonly end: number }[];
  /** What is asked in it, in its order. */
  readonly questions: readonly Question[];
}

/**
 * What the language model is taught, in this order: to find again what it has read, to answer from it, to compare and
 * count, then everything that is asked of pictures later. Scenes of one thing come last: they can be answered without
 * looking anything up.
 *
 * | level | scenes | asked |
 * | --- | --- | --- |
 * | 0 | two to four things | nothing: each is told again, its place after its name, its name after its place, its colour after its kind |
 * | 1 | two to four things | colour, kind, where: eight questions a row |
 * | 2 | one to four things | count, exist, background too: six questions a row |
 * | 3 | one to four things | everything; captions, conversations, demonstrations, and texts without a scene |
 */
export const LEVELS = 4;

export const SHORT_ANSWER = "Answer the question using a single word or phrase.";

const END_OF_CHUNK = "<|endofchunk|>";
const LOOK_UP: Partial<Record<TaskName, number>> = { colour: 1, kind: 1, where: 1 };
const COMPARE: Partial<Record<TaskName, number>> = { ...LOOK_UP, count: 1.5, exist: 1.5, background: 0.3 };
export const ALL_TASKS: Partial<Record<TaskName, number>> = { ...COMPARE, relation: 1.5 };

const AT_LEVEL: readonly { weights: Partial<Record<TaskName, number>>; count: number; sizes?: readonly number[] }[] = [
  { weights: {}, count: 0, sizes: [0, 0.3, 0.4, 0.3] },
  { weights: LOOK_UP, count: 8, sizes: [0, 0.3, 0.4, 0.3] },
  { weights: COMPARE, count: 6 },
  { weights: ALL_TASKS, count: 6 },
];

/** How often what is written at the last level. */
const FORMS = {
  questions: 0.6,
  caption: 0.12,
  captionAlone: 0.06,
  conversation: 0.1,
  demonstrations: 0.06,
  blind: 0.06,
};

/** Row `index` of the texts of a seed. */
export function textRow(seed: number | string, index: number, level = LEVELS - 1): TextRow {
  const draw = new Draw(`text ${seed} ${level} ${index}`);
  const { weights, count, sizes } = AT_LEVEL[level];
  const options = { sizes };
  if (level === 0) return toldAgain(drawScene(draw, options), draw);
  const form = level < LEVELS - 1 ? "questions" : draw.weighted(FORMS);
  if (form === "captionAlone") return captionAlone(drawScene(draw, options));
  if (form === "demonstrations") return demonstrations(draw, options);
  const scene = drawScene(draw, options);
  if (form === "caption") return captionOf(scene, draw);
  const questions = askSeveral(scene, draw, { count, weights });
  if (form === "conversation") return conversation(scene, questions.slice(0, 3), draw);
  const suffix = level === LEVELS - 1 && draw.chance(0.25);
  return questionRow(form === "blind" ? undefined : writtenScene(scene, draw), questions, suffix);
}

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
function questionRow(scene: string | undefined, questions: readonly Question[], suffix: boolean): TextRow {
  const writer = new RowWriter();
  if (scene !== undefined) writer.say(scene + END_OF_CHUNK);
  for (const { question, answer } of questions) {
    writer.say(suffix ? `${question}\n${SHORT_ANSWER}\n` : `${question}\n`);
    writer.learn(answer + END_OF_CHUNK);
  }
  writer.learn("</s>");
  return writer.row(questions);
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
  if (draw.chance(0.5)) writer.say(`${CAPTION_PROMPT}\n`);
  writer.learn(`${caption(scene)}${END_OF_CHUNK}</s>`);
  return writer.row([{ task: "caption", question: CAPTION_PROMPT, answer: caption(scene) }]);
}

function captionAlone(scene: Scene): TextRow {
  const writer = new RowWriter();
  writer.learn(`${caption(scene)}${END_OF_CHUNK}</s>`);
  return writer.row([]);
}

/** In the words of the chat template, the scene where a picture will be. */
function conversation(scene: Scene, questions: readonly Question[], draw: Draw): TextRow {
  const writer = new RowWriter();
  writer.say("<|system|>\n</s>\n");
  for (const [i, { question, answer }] of questions.entries()) {
    writer.say(
      `<|user|>\n${i === 0 ? `${writtenScene(scene, draw)}${END_OF_CHUNK}` : ""}${question}</s>\n<|assistant|>\n`,
    );
    writer.learn(`${answer}</s>`);
    writer.say("\n");
  }
  return writer.row(questions);
}

/** Three or four scenes, of each the same thing asked. */
function demonstrations(draw: Draw, options: SceneOptions): TextRow {
  const writer = new RowWriter();
  const task = draw.of(["colour", "exist", "count"] as const);
  const questions: Question[] = [];
  const shots = 3 + draw.integer(2);
  while (questions.length < shots) {
    const scene = drawScene(draw, options);
    const question = ask(task, scene, draw);
    if (!question) continue;
    questions.push(question);
    writer.say(`${writtenScene(scene, draw)}${END_OF_CHUNK}${question.question}\n`);
    writer.learn(question.answer + END_OF_CHUNK);
  }
  writer.learn("</s>");
  return writer.row(questions);
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
