import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { readBytes } from "../../files/readFile.ts";
import {
  type MmeQuestion,
  mmeAnswer,
  type MmeDefinition,
  MME_DEFINITIONS,
  mmeSubtask,
  mmeTotals,
  MME_PERCEPTION,
  MME_SUBTASKS,
} from "../metrics/mme.ts";
import type { EvalRecord, Item, ItemScore, Task, TaskScore } from "../task.ts";
import type { Unit } from "../bootstrap.ts";
import { tableRecords, tablesIn } from "./mmeTable.ts";
import { greedy, SHORT_INSTRUCTION, userTurn } from "./shared.ts";

/** How every question ends; LLaVA and lmms-eval put their own words there. */
const ASKED_TO = / *Please answer yes or no\.$/;

/**
 * MME: 14 subtasks, two yes/no questions a picture. Each subtask is a folder, with a text file beside each picture or in
 * questions_answers_YN/ beside images/: two lines "question TAB Yes|No". The question stands as it is.
 */
export const mme: Task = {
  name: "mme",
  title: "MME",
  layout:
    "<subtask>/<picture>.{jpg,png} and .txt, or <subtask>/images/ and <subtask>/questions_answers_YN/; or a table, " +
    "{MME,mme}.{tsv,jsonl} or *.parquet: category, image, question, answer",
  defaults: { prompts: "chat" },
  takes: ["definition", "promptForm"],
  promptForms: ["llava"],
  definitions: MME_DEFINITIONS,
  async load(folder) {
    const tables = await tablesIn(folder);
    if (tables.length > 0) return { records: await tableRecords(tables), files: tables };
    const names = MME_SUBTASKS.filter((name) => existsSync(join(folder, name)));
    if (names.length === 0) {
      throw new InfimmError(`${folder} has no MME.tsv, and none of MME's folders: ${MME_SUBTASKS.join(", ")}`);
    }
    const parts = [];
    for (const name of names) parts.push(await loadSubtask(folder, name));
    return { records: parts.flatMap(({ records }) => records), files: parts.flatMap(({ files }) => files) };
  },
  ask: ({ question }, pictures, _, { promptForm }) =>
    userTurn(pictures, promptForm === "llava" ? question.replace(ASKED_TO, `\n${SHORT_INSTRUCTION}`) : question),
  generation: greedy(16),
  clean: (raw) => raw.replace(/[\n\r\t]/g, " "),
  async score(items, { definition = MME_DEFINITIONS[0] }) {
    const found = scoreBy(items, definition as MmeDefinition);
    const others = MME_DEFINITIONS.filter((one) => one !== definition).flatMap((other) =>
      Object.entries(scoreBy(items, other).metrics)
        .filter(([name, value]) => value !== found.metrics[name])
        .map(([name, value]) => [`${name} (${other})`, value]),
    );
    return { ...found, metrics: { ...found.metrics, ...Object.fromEntries(others) } };
  },
  async submissions(items) {
    return [...new Set(items.map(({ reference }) => reference.subtask as string))].map((name) => ({
      name: `mme/${name}.txt`,
      content: items
        .filter(({ reference }) => reference.subtask === name)
        .map(({ reference, answer }) => `${reference.image}\t${reference.question}\t${reference.answer}\t${answer}\n`)
        .join(""),
    }));
  },
  predictions: readPredictions,
};

async function loadSubtask(folder: string, name: string): Promise<{ records: EvalRecord[]; files: string[] }> {
  const apart = existsSync(join(folder, name, "questions_answers_YN"));
  const texts = apart ? `${name}/questions_answers_YN` : name;
  const images = apart ? `${name}/images` : name;
  const pictures = new Set(await readdir(join(folder, images)));
  const files = (await readdir(join(folder, texts))).filter((file) => file.endsWith(".txt")).sort();
  const records: EvalRecord[] = [];
  for (const file of files) {
    const path = join(folder, texts, file);
    const stem = file.slice(0, -4);
    const image = [".jpg", ".png", ".jpeg"].map((ending) => stem + ending).find((known) => pictures.has(known));
    if (!image) throw new InfimmError(`${path}: there is no picture ${stem}.jpg or .png in ${join(folder, images)}`);
    const lines = await linesOf(path);
    if (lines.length !== 2) throw new FileFormatError(`${path}: expected two questions, got ${lines.length}`);
    for (const [i, line] of lines.entries()) {
      const [question, answer] = line.split("\t");
      const gold = answer?.trim();
      if (!/^(yes|no)$/i.test(gold ?? "")) {
        throw new FileFormatError(
          `${path}, line ${i + 1}: expected "question TAB Yes" or No, got ${JSON.stringify(line)}`,
        );
      }
      const reference = { subtask: name, image, question, answer: gold };
      records.push({
        id: `${name}/${image}#${i + 1}`,
        pictures: [{ path: `${images}/${image}` }],
        question,
        reference,
      });
    }
  }
  return { records, files: files.map((file) => join(folder, texts, file)) };
}

async function linesOf(path: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readBytes(path, "data file"));
  return text.split(/\r\n|\n|\r/).filter((line) => line !== "");
}

function scoreBy(items: readonly Item[], definition: MmeDefinition): TaskScore {
  const scores: Record<string, ReturnType<typeof mmeSubtask>> = {};
  const verdicts = new Map<string, ItemScore>();
  const units: Record<"perception" | "cognition", Unit[]> = { perception: [], cognition: [] };
  for (const name of MME_SUBTASKS) {
    const mine = items.filter(({ reference }) => reference.subtask === name);
    if (mine.length === 0) continue;
    const questions = mine.map((item): MmeQuestion => {
      const gold = (item.reference.answer as string).toLowerCase() as "yes" | "no";
      const answer = mmeAnswer(`${item.answer}\n`, definition);
      verdicts.set(item.id, { score: gold === answer ? 1 : 0, rule: `${definition}: ${answer}` });
      return { gold, answer };
    });
    const pictures = questions.flatMap((_, i) => (i % 2 === 0 ? [questions.slice(i, i + 2)] : [])); // official: in twos
    scores[name] = mmeSubtask(pictures);
    const group = (MME_PERCEPTION as readonly string[]).includes(name) ? "perception" : "cognition";
    for (const pair of pictures) {
      const right = pair.filter(({ gold, answer }) => gold === answer).length;
      units[group].push({ value: (100 * right) / pair.length + (right === 2 ? 100 : 0), stratum: name });
    }
  }
  const { perception, cognition } = mmeTotals(scores);
  const column = (of: (one: ReturnType<typeof mmeSubtask>) => number) =>
    Object.fromEntries(Object.entries(scores).map(([name, one]) => [name, of(one)]));
  const absent = MME_SUBTASKS.filter((name) => !scores[name]);
  return {
    metrics: { perception, cognition },
    tables: {
      score: column((one) => one.score),
      acc: column((one) => one.acc),
      "acc+": column((one) => one.accPlus),
      precision: column((one) => one.precision),
      recall: column((one) => one.recall),
      "neither yes nor no": column((one) => one.other),
    },
    items: Object.fromEntries(verdicts),
    units: Object.fromEntries(Object.entries(units).filter(([, list]) => list.length > 0)),
    notes: [
      `Answers read by the rule "${definition}". Equal models differ by 20 points between runs: see the interval.`,
      ...(absent.length > 0 ? [`Not in the data, and so not in the sums: ${absent.join(", ")}.`] : []),
    ],
  };
}

/** The official folder of predictions: <subtask>.txt, "image TAB question TAB truth TAB answer". */
async function readPredictions(folder: string, records: readonly EvalRecord[]): Promise<Map<string, string>> {
  const ids = new Map(
    records.map(({ id, reference }) => [`${reference.subtask}\t${reference.image}\t${reference.question}`, id]),
  );
  const found = new Map<string, string>();
  for (const name of new Set(records.map(({ reference }) => reference.subtask as string))) {
    const path = join(folder, `${name}.txt`);
    for (const [i, line] of (await linesOf(path)).entries()) {
      const [image, question, , answer] = line.split("\t");
      const id = ids.get(`${name}\t${image}\t${question}`);
      if (id === undefined || answer === undefined) {
        throw new FileFormatError(`${path}, line ${i + 1}: no such question in the data: ${image}, ${question}`);
      }
      if (found.has(id)) throw new FileFormatError(`${path}, line ${i + 1}: a second answer to ${id}`);
      found.set(id, answer);
    }
  }
  return found;
}
