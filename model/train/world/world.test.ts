import { beforeAll, describe, expect, test } from "vitest";
import { Draw } from "./draw.ts";
import { pictureOf, worldItem } from "./evaluation.ts";
import { fewShot, MADE_UP, madeUpWords } from "./fewShot.ts";
import { whichPicture } from "./whichPicture.ts";
import { answersOf, ask, caption as captionOf, TASKS, type TaskName } from "./questions.ts";
import { drawScene, itemName, type Scene } from "./scene.ts";
import { Sprites } from "./sprites.ts";
import { heldOutRow, LEVELS, textRow } from "./text.ts";
import { COLOURS, isUnseen, NUMBERS, placeName, plural, SHAPES, THINGS, UNSEEN } from "./words.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const scenes = range(2000).map((i) => drawScene(new Draw(`test ${i}`)));
const unseenScenes = range(300).map((i) => drawScene(new Draw(`test ${i}`), { split: "unseen" }));
const unseenNames = UNSEEN.flatMap(([colour, shape]) => [`${colour} ${shape}`, plural(`${colour} ${shape}`)]);
const hasUnseen = ({ items }: Scene) => items.some((item) => unseenNames.includes(itemName(item)));
const share = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length / all.length;

describe("scenes", () => {
  test("are the same whenever they are drawn, and others for other keys", () => {
    expect(drawScene(new Draw("a"))).toEqual(drawScene(new Draw("a")));
    expect(new Set(scenes.map((scene) => JSON.stringify(scene))).size).toBeGreaterThan(1900);
  });

  test("have one to four things in cells of their own, in reading order, as often as told", () => {
    for (const { items } of scenes) {
      for (let i = 1; i < items.length; i++) expect(items[i].cell).toBeGreaterThan(items[i - 1].cell);
    }
    const sizes = [1, 2, 3, 4].map((n) => share(scenes, ({ items }) => items.length === n));
    for (const [i, expected] of [0.2, 0.3, 0.3, 0.2].entries())
      expect(Math.abs(sizes[i] - expected)).toBeLessThan(0.04);
    expect(scenes.flatMap(({ items }) => items).every(({ cell }) => cell >= 0 && cell < 9)).toBe(true);
  });

  test("hold nothing of an unseen combination, or always something, by their split", () => {
    expect(scenes.filter(hasUnseen)).toEqual([]);
    expect(unseenScenes.every(hasUnseen)).toBe(true);
    const names = new Set(scenes.flatMap(({ items }) => items.map(itemName)));
    expect(names.size).toBe(COLOURS.length * SHAPES.length - UNSEEN.length + THINGS.length);
  });
});

/** A noun phrase of a question, understood without the code that made it. */
function count(scene: Scene, phrase: string): number {
  const words = phrase.split(" ");
  const last = words[words.length - 1];
  const nouns = [...SHAPES, ...THINGS, "shape", "thing"].filter((noun) => last === noun || last === plural(noun));
  expect(nouns, phrase).toHaveLength(1);
  const [noun] = nouns;
  const colour = words.length === 2 ? words[0] : undefined;
  return scene.items.filter(
    (item) =>
      (noun === "thing" || (noun === "shape" ? item.colour !== null : item.kind === noun)) &&
      (colour === undefined || item.colour === colour),
  ).length;
}

function only(scene: Scene, phrase: string): Scene["items"][number] {
  expect(count(scene, phrase), phrase).toBe(1);
  return scene.items.find((item) => count({ ...scene, items: [item] }, phrase) === 1)!;
}

function named(item: Scene["items"][number]): string {
  const name = itemName(item);
  return `${"aeiou".includes(name[0]) ? "an" : "a"} ${name}`;
}

/** The right answer to a question, from its words alone. */
function answerTo(scene: Scene, question: string): string {
  const is = (pattern: RegExp) => question.match(pattern)?.slice(1);
  const many = is(/^How many (.+) are there\?$/);
  if (many) return NUMBERS[count(scene, many[0])];
  const exists = is(/^Is there an? (.+)\?$/);
  if (exists) return count(scene, exists[0]) > 0 ? "yes" : "no";
  if (question === "What colour is the background?") return scene.background;
  const coloured = is(/^What colour is the (\w+)\?$/);
  if (coloured) return only(scene, coloured[0]).colour!;
  const shaped = is(/^What shape is (\w+)\?$/);
  if (shaped) return only(scene, `${shaped[0]} shape`).kind;
  const placed = is(/^What is at the (.+)\?$/);
  if (placed) return named(scene.items.find(({ cell }) => placeName(cell) === placed[0])!);
  const where = is(/^Where is the (.+)\?$/);
  if (where) return placeName(only(scene, where[0]).cell);
  if (question === "What is this?") return named(only(scene, "thing"));
  const [a, relation, b] = is(/^Is the (.+) (left of|right of|above|below) the (.+)\?$/)!;
  const [first, second] = [only(scene, a).cell, only(scene, b).cell];
  const [dx, dy] = [(first % 3) - (second % 3), Math.floor(first / 3) - Math.floor(second / 3)];
  const distance = { "left of": -dx, "right of": dx, above: -dy, below: dy }[relation]!;
  expect(distance, question).not.toBe(0);
  return distance > 0 ? "yes" : "no";
}

describe.each(["seen", "unseen"] as const)("questions about %s combinations", (split) => {
  const itemsOf = new Map(TASKS.map((task) => [task, range(400).map((i) => worldItem(task, i, { split }))]));

  test.each(TASKS.filter((task) => task !== "caption"))("%s: every answer follows from the scene", (task) => {
    for (const { scene, question, answer } of itemsOf.get(task)!)
      expect(answerTo(scene, question), question).toBe(answer);
  });

  test("yes and no are exactly as many, and most noes have that shape and that colour, but apart", () => {
    for (const task of ["exist", "relation"] as const) {
      expect(share(itemsOf.get(task)!, ({ answer }) => answer === "yes")).toBe(0.5);
    }
    const noes = itemsOf.get("exist")!.filter(({ answer }) => answer === "no");
    const apart = share(noes, ({ scene, question }) => {
      const [, colour, noun] = question.match(/(\w+) (\w+)\?$/)!;
      return noun !== "shape" && count(scene, noun) > 0 && scene.items.some((item) => item.colour === colour);
    });
    expect(apart).toBe(0.6);
  });

  test("a scene without such a pair has no question that needs one", () => {
    const plain: Scene = { items: [{ kind: "dog", colour: null, cell: 0 }], background: "tan" };
    expect(ask("exist", plain, new Draw("a"), { yes: false, apart: true })).toBeUndefined();
    expect(ask("exist", plain, new Draw("a"), { yes: false })?.answer).toBe("no");
    expect(ask("relation", plain, new Draw("a"))).toBeUndefined();
    expect(ask("colour", plain, new Draw("a"))).toBeUndefined();
  });

  test("the commonest answer is right no more often than the table says", () => {
    const best = (task: TaskName) => {
      const answers = itemsOf.get(task)!.map(({ answer }) => answer);
      return Math.max(...[...new Set(answers)].map((one) => share(answers, (answer) => answer === one)));
    };
    expect(best("caption")).toBeLessThan(0.02);
    expect(best("count")).toBeLessThan(0.6);
    expect(best("where")).toBeLessThan(1 / 9 + 0.06);
    expect(best("background")).toBeLessThan(1 / 5 + 0.08);
    expect(best("kind")).toBeLessThan(1 / 3);
    if (split === "seen") expect(best("colour")).toBeLessThan(1 / 9 + 0.07);
    for (const task of ["count", "exist", "colour", "where", "relation", "background"] as const) {
      expect(itemsOf.get(task)!.filter(({ answer }) => !answersOf(task).includes(answer))).toEqual([]);
    }
    expect(() => answersOf("caption")).toThrow("no short list");
  });
});

describe("captions", () => {
  test("name everything in reading order, equal things together", () => {
    const star = { kind: "star", colour: null, cell: 0 } as const;
    const heart = { kind: "heart", colour: "orange", cell: 4 } as const;
    const scene: Scene = { items: [star, heart, { ...star, cell: 8 }], background: "cyan" };
    expect(worldItem("caption", 0).question).toBe("Please describe the image.");
    expect(captionOf(scene)).toBe("two stars and an orange heart on a cyan background");
    expect(captionOf({ ...scene, items: [heart] })).toBe("an orange heart on a cyan background");
  });
});

describe("few shots", () => {
  test("the query is the same, whatever stands before it", () => {
    for (const task of ["colour", "exist", "count"] as const) {
      for (const i of range(20)) {
        const [none, four] = [0, 4].map((shots) => fewShot(task, i, { shots }));
        expect(four.query).toEqual(none.query);
        expect([none.demonstrations.length, four.demonstrations.length]).toEqual([0, 4]);
        for (const { scene, question, answer } of [...four.demonstrations, four.query]) {
          expect(answerTo(scene, question)).toBe(answer);
        }
      }
    }
  });

  test("a made-up word means one shape, shown twice, and no training text has it", () => {
    const items = range(200).map((i) => madeUpWords(i));
    expect(share(items, ({ query }) => query.answer === MADE_UP[0])).toBe(0.5);
    for (const { demonstrations, query } of items) {
      const shapes = new Map(demonstrations.map(({ scene, answer }) => [answer, scene.items[0].kind]));
      expect(new Set(shapes.values()).size).toBe(2);
      for (const word of MADE_UP) expect(demonstrations.filter(({ answer }) => answer === word)).toHaveLength(2);
      for (const { scene, answer } of [...demonstrations, query]) expect(scene.items[0].kind).toBe(shapes.get(answer));
    }
    const texts = range(400).map((i) => textRow(1, i).text);
    expect(texts.filter((text) => MADE_UP.some((word) => text.includes(word)))).toEqual([]);
  });

  test("exactly one of two pictures has what is asked for", () => {
    const asked = range(400).map((i) => whichPicture(new Draw(`which ${i}`)));
    for (const { scenes: pair, question, answer } of asked) {
      const [, phrase] = question.match(/^Which picture has an? (.+)\?$/)!;
      expect(pair.map((scene) => count(scene, phrase) > 0)).toEqual([answer === "first", answer === "second"]);
    }
    expect(Math.abs(share(asked, ({ answer }) => answer === "first") - 0.5)).toBeLessThan(0.08);
    const hasUnseen = ({ items }: Scene) => items.some(({ colour, kind }) => isUnseen(colour, kind));
    expect(asked.some(({ scenes: pair }) => pair.some(hasUnseen))).toBe(false);
    for (const i of range(40)) {
      const { scenes: pair, answer } = whichPicture(new Draw(`which ${i}`), { second: i % 2 === 1, split: "unseen" });
      expect([pair.every(hasUnseen), answer]).toEqual([true, i % 2 === 1 ? "second" : "first"]);
    }
  });
});

describe("written scenes", () => {
  test.each(range(LEVELS))("level %i: what bears loss is what answers, of seen combinations only", (level) => {
    for (const i of range(400)) {
      const { text, counted, questions } = textRow("test", i, level);
      const learnt = counted.map(({ start, end }) => text.slice(start, end));
      for (const [k, { answer }] of questions.entries()) expect(learnt[k].startsWith(answer)).toBe(true);
      expect(unseenNames.filter((name) => text.includes(name))).toEqual([]);
    }
  });

  test("level 0 tells chunks of words three times; what follows the first word counts from the second time on", () => {
    for (const i of range(100)) {
      const { text, counted } = textRow("test", i, 0);
      const tellings = text.split("<|endofchunk|>").slice(0, -1);
      expect(tellings).toHaveLength(3);
      const words = tellings.map((telling) => telling.split(" "));
      for (const told of words) expect([...told].sort()).toEqual([...words[0]].sort());
      expect(new Set(words[0]).size).toBe(words[0].length);
      expect(counted[0].start).toBeGreaterThan(tellings[0].length);
      for (const { start, end } of counted) {
        const follow = text.slice(start, end);
        const first = text.slice(0, start).split(/ |>/).at(-1);
        expect(`${tellings[0]} `, `${first}${follow}`).toContain(`${first}${follow} `);
      }
    }
  });

  test("a scene told again says what it says once", () => {
    const rows = range(600).map((i) => textRow("test", i));
    const toldAgain = rows.filter(({ text, questions }) => questions.length === 0 && !/\?|^<|^an? /.test(text));
    expect(toldAgain.length).toBeGreaterThan(40);
    for (const { text, counted } of toldAgain) {
      const [scene, ...pieces] = text.split("<|endofchunk|>").slice(0, -1);
      if (counted.length === 1) continue; // a caption of the scene
      expect(counted).toHaveLength(pieces.length + 1);
      for (const [k, piece] of pieces.entries()) {
        const follows = text.slice(counted[k].start, counted[k].end).replace("<|endofchunk|>", "");
        const given = piece.slice(0, piece.length - follows.length);
        const [name, place] = [`${given}${follows}`, `${follows.trim()} ${given}`];
        const said = [name, place].filter((phrase) => ` ${scene.replace(/[:.]/g, ",")}`.includes(` ${phrase}`));
        expect(said, `${piece} in ${scene}`).toHaveLength(1);
        if (said[0] === name) expect(scene.split(`${given} `), given).toHaveLength(2);
      }
    }
  });

  test("held-out rows tell the scene that they ask about, and can be of unseen combinations", () => {
    for (const task of TASKS) {
      const { text, questions } = heldOutRow("test", 3, task, { split: "unseen" });
      expect(text).toMatch(/^Picture: .+, on \w+\.<\|endofchunk\|>/);
      expect(unseenNames.some((name) => text.includes(name))).toBe(true);
      expect(text.endsWith(`${questions[0].question}\n${questions[0].answer}<|endofchunk|></s>`)).toBe(true);
    }
  });
});

describe("pictures", () => {
  let sprites: Sprites;
  beforeAll(async () => {
    sprites = await Sprites.load();
  });

  test.each([64, 128])("of side %i have each thing in its cell, and the background elsewhere", (side) => {
    const cell = Math.floor(side / 3);
    for (const i of range(25)) {
      const item = worldItem("caption", i);
      const { data } = pictureOf(item, sprites, side);
      const middle = (at: number) => {
        const [y, x] = [Math.floor(at / 3), at % 3].map((place) => Math.floor((place + 0.5) * (side / 3)));
        const around = [-2, -1, 0, 1, 2].flatMap((dy) => [-2, -1, 0, 1, 2].map((dx) => 3 * ((y + dy) * side + x + dx)));
        return [0, 1, 2].map((c) => around.reduce((sum, at) => sum + data[at + c], 0) / around.length);
      };
      const empty = range(9).filter((at) => !item.scene.items.some((one) => one.cell === at));
      const ground = middle(empty[0]);
      for (const at of empty) for (const c of [0, 1, 2]) expect(Math.abs(middle(at)[c] - ground[c])).toBeLessThan(5);
      for (const { cell: at, colour } of item.scene.items) {
        const differs = Math.max(...[0, 1, 2].map((c) => Math.abs(middle(at)[c] - ground[c])));
        if (colour !== null) expect(differs, itemName(item.scene.items[0])).toBeGreaterThan(18);
      }
      expect(data).toHaveLength(3 * side * side);
      expect(cell).toBeGreaterThan(20);
    }
  });

  test("are the same whenever they are drawn; an emoji that is not there is refused", () => {
    expect(pictureOf(worldItem("count", 1), sprites)).toEqual(pictureOf(worldItem("count", 1), sprites));
    expect(() => sprites.get("violet circle", 16)).toThrow('no emoji "violet circle"');
  });
});
