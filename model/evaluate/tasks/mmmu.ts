import type { PictureSource } from "../../processor/pictures/readPicture.ts";
import type { UnreadInput } from "../../processor/pictures/readPictures.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { byId, type Entry, textsById } from "../data/entries.ts";
import { firstOf } from "../data/pictures.ts";
import { pictureInCell, tableEntries } from "../data/tables.ts";
import { mmmuLetter, mmmuOpen, mmmuOpenRight, mmmuTotals } from "../metrics/mmmu.ts";
import { PythonRandom } from "../random/pythonRandom.ts";
import type { EvalRecord, Item, ItemScore, ScoreOptions, Task, TaskScore } from "../task.ts";
import { answersById, greedy, LETTER_INSTRUCTION, letterOf, SHORT_INSTRUCTION } from "./shared.ts";
import { pythonList } from "./pythonList.ts";

const TYPES = ["multiple-choice", "open", "short-answer"];
const MOST_PICTURES = 7;
/** What the models take. */
const SHOWN_PICTURES = 6;

/** MMMU: college questions with up to seven pictures, placed where the question says "<image n>". */
export const mmmu: Task = {
  name: "mmmu",
  title: "MMMU",
  layout:
    "<subject>/<split>-00000-of-00001.parquet (validation, test or dev), or <split>.jsonl: id, question, options, answer, " +
    "question_type, image_1 … image_7 (paths or base64)",
  defaults: { prompts: "chat", split: "validation" },
  takes: ["split", "firstImageOnly", "drawUndecided"],
  async load(folder, { split }) {
    const files = await filesOf(folder, split);
    const entries: Entry[] = [];
    for (const file of files) entries.push(...(await tableEntries(file)));
    const records = byId(entries, (entry) => entry.id("id"));
    return { records: [...records.values()].map(recordOf), files };
  },
  ask: ({ question }, pictures, _, { firstImageOnly }) =>
    placed(question, pictures, firstImageOnly ? 1 : SHOWN_PICTURES),
  generation: greedy(16),
  clean: (raw) => raw.trim(),
  score: async (items, options) => score(items, options),
  async submissions(items) {
    const random = new PythonRandom(42);
    const answers = items.map(({ id, answer, reference }) => {
      const options = reference.options as Record<string, string>;
      if (!reference.multiple) return [id, answer];
      return [id, mmmuLetter(answer, options).letter ?? random.choice(Object.keys(options))];
    });
    return answersById("mmmu_output.json", Object.fromEntries(answers));
  },
  predictions: textsById,
};

/** One file of lines, or a table of each subject. */
async function filesOf(folder: string, split: string): Promise<string[]> {
  const lines = firstOf(folder, `${split}.jsonl`);
  if (lines !== undefined) return [join(folder, lines)];
  const names = await readdir(folder, { recursive: true });
  const tables = names.filter((name) => new RegExp(`(^|[\\\\/])${split}-[^\\\\/]*\\.parquet$`).test(name)).sort();
  if (tables.length > 0) return tables.map((name) => join(folder, name));
  throw new InfimmError(`${folder} has no ${split}.jsonl, nor ${split}-*.parquet in it or in folders of subjects`);
}

function recordOf(entry: Entry): EvalRecord {
  const id = entry.id("id");
  const type = entry.text("question_type");
  if (!TYPES.includes(type)) {
    throw new FileFormatError(`${entry.where}, id ${id}: question_type must be ${TYPES.join(" or ")}, got ${type}`);
  }
  const multiple = type === TYPES[0];
  const given = entry.value.options;
  const list = Array.isArray(given)
    ? given.map(String)
    : pythonList(entry.string("options"), `${entry.where}, id ${id}`);
  const options = Object.fromEntries(list.map((option, i) => [letterOf(i), option]));
  const lines = Object.entries(options).map(([letter, option]) => `(${letter}) ${option}\n`);
  const asked = entry.text("question");
  const question = multiple
    ? `${asked}\n\n${lines.join("")}\n${LETTER_INSTRUCTION}`
    : `${asked}\n\n${SHORT_INSTRUCTION}`;
  const pictures = Array.from({ length: MOST_PICTURES }, (_, i) => entry.value[`image_${i + 1}`]).flatMap(
    (cell) => pictureInCell(cell) ?? [],
  );
  const where = `${entry.where}, id ${id}`;
  const answer = goldOf(entry.value.answer, where);
  if (multiple) requireLetters(answer, Object.keys(options), where);
  return { id, pictures, question, reference: { multiple, options, answer } };
}

/** Several right answers are a Python list in a text. */
function goldOf(answer: unknown, where: string): unknown {
  return typeof answer === "string" && /^\[.*\]$/s.test(answer) ? pythonList(answer, where) : (answer ?? "?");
}

/** A right answer is a letter of an option; of the test split, "?". */
function requireLetters(answer: unknown, letters: readonly string[], where: string): void {
  const stray = [answer].flat().find((one) => !letters.includes(one as string));
  if (stray === undefined || answer === "?") return;
  throw new FileFormatError(`${where}: answer must be one of ${letters.join(", ")}, got ${JSON.stringify(stray)}`);
}

/** The question with its pictures where it names them; those that it does not name stand before it. */
function placed(question: string, pictures: readonly PictureSource[], most: number): UnreadInput {
  const parts: (string | { image: PictureSource })[] = [];
  const named = new Set<number>();
  for (const piece of question.split(/(<image \d>)/)) {
    const number = Number(/^<image (\d)>$/.exec(piece)?.[1] ?? 0);
    const isPicture = number > 0 && number <= Math.min(most, pictures.length) && !named.has(number);
    if (isPicture) parts.push({ image: pictures[number - 1] });
    else if (number === 0) parts.push(piece);
    if (isPicture) named.add(number);
  }
  const others = pictures.slice(0, most).filter((_, i) => !named.has(i + 1));
  return [{ role: "user", content: [...others.map((image) => ({ image })), ...parts] }];
}

function score(items: readonly Item[], { drawUndecided }: ScoreOptions): TaskScore {
  const random = new PythonRandom(42);
  let guessable = 0;
  let undecided = 0;
  const verdicts = items.map(({ id, answer, reference }): [string, ItemScore] => {
    const gold = reference.answer as string | readonly string[];
    const known = gold !== "?";
    if (!reference.multiple) {
      return [id, { score: known ? Number(mmmuOpenRight(mmmuOpen(answer), gold)) : null, rule: "open" }];
    }
    const options = reference.options as Record<string, string>;
    let { letter, rule } = mmmuLetter(answer, options);
    if (letter === undefined) {
      undecided++;
      guessable += 1 / Object.keys(options).length;
      if (drawUndecided) [letter, rule] = [random.choice(Object.keys(options)), "drawn, seed 42"];
    }
    return [
      id,
      { score: known ? Number([gold].flat().includes(letter ?? "")) : null, rule: `${rule} ${letter ?? ""}`.trim() },
    ];
  });
  const scored = verdicts.filter(([, { score }]) => score !== null);
  const note = drawUndecided
    ? `${undecided} undecided answers were drawn, seed 42, as the official program does.`
    : `${undecided} answers named no option and count as wrong; guessing would give ${guessable.toFixed(1)} of them.`;
  if (scored.length === 0) {
    return {
      metrics: {},
      tables: {},
      items: Object.fromEntries(verdicts),
      units: {},
      notes: [note, "No answers in the data: hand in the file."],
    };
  }
  const totals = mmmuTotals(scored.map(([id, one]) => ({ id, right: one.score === 1 })));
  const table = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, totals[name].acc * 100]));
  const names = Object.keys(totals).filter((name) => name !== "Overall" && totals[name].num > 0);
  return {
    metrics: { accuracy: totals["Overall"].acc * 100 },
    tables: {
      "per discipline": table(names.filter((name) => name.startsWith("Overall-"))),
      "per subject": table(names.filter((name) => !name.startsWith("Overall-"))),
    },
    items: Object.fromEntries(verdicts),
    units: { accuracy: scored.map(([, one]) => ({ value: 100 * (one.score as number) })) },
    notes: [note],
  };
}
