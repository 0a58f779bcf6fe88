import { existsSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InfimmError } from "../../core/errors.ts";
import { written } from "../generate/answerText.ts";
import type { Assistant } from "../generate/assistant.ts";
import { generate } from "../generate/generate.ts";
import type { GenerateOptions } from "../generate/options.ts";
import { readBytes } from "../files/readFile.ts";
import type { Image } from "../processor/pictures/image.ts";
import { watchChoices } from "./choices.ts";
import { beginningOf, digestOf, pictureBytes, requirePictures, shownPicture } from "./data/pictures.ts";
import { type Asked, drawAsked, requireTrain, shownDemos } from "./fewShot.ts";
import { type Header, openItems } from "./itemsFile.ts";
import { ricesDemos } from "./rices.ts";
import type { DataPicture, Demo, Item, Settings, Task, TaskData } from "./task.ts";

/** What generateItems needs: the task, its data's folder `data`, who answers, and the run's folder `out`. */
export interface EvaluateOptions {
  readonly task: Task;
  readonly data: string;
  readonly assistant: Assistant;
  /** How the header names the model, and where its files are. */
  readonly model: string;
  /** As what its weights were loaded, and where it runs, for the header. Default: "as stored", and the backend's name. */
  readonly dtype?: string;
  readonly backend?: string;
  readonly out: string;
  readonly settings: Settings;
  /** Of the program that asks, for the header. Default: "". */
  readonly version?: string;
  /** Prompts at a time. */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number, secondsLeft: number) => void;
  readonly signal?: AbortSignal;
}

/** What decides numbers where neither the task nor its user does. */
export const DEFAULT_SETTINGS: Settings = {
  prompts: "chat",
  shots: 0,
  trueZeroShot: false,
  rices: false,
  seed: 42,
  order: "file",
  pool: 2048,
  limit: 0,
  split: "test",
  beams: 1,
  promptForm: "",
  firstImageOnly: false,
  orientation: "ignore",
  blind: false,
};

/** Prompts longer than this lose their beginning, as OpenFlamingo's. */
export const MAX_LENGTH = 2000;

/** Ask a model everything that a task asks: one item a line in `<out>/items.jsonl`, going on where it stopped. */
export async function generateItems(options: EvaluateOptions): Promise<readonly Item[]> {
  const { task, data: folder, settings, out } = options;
  const data = await task.load(folder, settings);
  requireUnique(task.name, data);
  await mkdir(out, { recursive: true });
  const asked = await chooseAsked(data, options);
  await requirePictures(
    folder,
    asked.flatMap(({ record, demos }) => [record, ...demos]),
  );
  const generation = generationOf(options);
  const header = await headerOf(options, data, asked, generation);
  const { writer, done } = await openItems(join(out, "items.jsonl"), header);
  const items = [...done];
  const known = new Set(done.map(({ id }) => id));
  const batch = options.batch ?? 1;
  try {
    const start = performance.now();
    let made = 0;
    for (let i = 0; i < asked.length; i += batch) {
      const portion = asked.slice(i, i + batch);
      if (portion.every(({ record }) => known.has(record.id))) continue;
      options.signal?.throwIfAborted();
      // what a kill left of a batch is made with the others of the batch, so that its numbers are the same
      const answered = (await answer(portion, options, generation)).filter(({ id }) => !known.has(id));
      await writer.append(answered);
      items.push(...answered);
      made += answered.length;
      const left = ((performance.now() - start) / 1000 / made) * (asked.length - items.length);
      options.onProgress?.(items.length, asked.length, left);
    }
  } finally {
    await writer.close();
  }
  return items;
}

function requireUnique(name: string, { records, files }: TaskData): void {
  if (records.length === 0) throw new InfimmError(`${name}: the data has nothing to ask`);
  const seen = new Set<string>();
  for (const { id } of records) {
    if (seen.has(id)) throw new InfimmError(`${name}: id ${id} is there twice in ${files[0]}`);
    seen.add(id);
  }
}

async function chooseAsked(
  data: TaskData,
  { settings, assistant, data: folder, out }: EvaluateOptions,
): Promise<Asked[]> {
  const asked = drawAsked(data, settings);
  const count = shownDemos(settings);
  if (!settings.rices || count === 0) return asked;
  const train = requireTrain(data.train, count);
  return ricesDemos({
    asked,
    train,
    count,
    model: assistant.model,
    processor: assistant.processor,
    folder,
    orientation: settings.orientation,
    cache: out,
  });
}

function generationOf({ task, settings, assistant }: EvaluateOptions): GenerateOptions {
  const generation = task.generation(settings);
  if (settings.prompts === "chat") return generation;
  return { ...generation, eosTokenIds: [assistant.processor.tokenizer.tokenToId("<|endofchunk|>")] };
}

async function answer(asked: readonly Asked[], options: EvaluateOptions, generation: GenerateOptions): Promise<Item[]> {
  const { assistant, task, settings } = options;
  const { model, processor } = assistant;
  const start = performance.now();
  const inputs = [];
  const pictures: Item["pictures"][] = [];
  for (const one of asked) {
    const found = await inputOf(one, options);
    inputs.push(found.input);
    pictures.push(found.pictures);
  }
  const prompts = processor.applyBatch(inputs, { maxLength: MAX_LENGTH });
  const choices = watchChoices(processor, inputs, asked.map(({ record }) => task.choices?.(record))); // biome-ignore format: one line
  const processors = choices && (generation.beams ?? 1) === 1 ? [choices.look] : [];
  const rows = await generate(model, prompts, { ...generation, processors, signal: options.signal });
  const seconds = Math.round((performance.now() - start) / asked.length) / 1000;
  const ends = generation.eosTokenIds ?? model.config.eos_token_ids;
  return asked.map(({ record, demos }, i): Item => {
    const raw = written(processor, rows[i], []).text;
    const end = rows[i].findIndex((id) => ends.includes(id));
    return {
      id: record.id,
      question: record.question,
      prompt: prompts.text[i],
      pictures: pictures[i],
      demos: demos.map(({ id }) => id),
      raw,
      answer: task.clean(raw, settings),
      reference: record.reference,
      choices: choices?.found[i],
      seconds,
      tokens: end < 0 ? rows[i].length : end + 1,
    };
  });
}

/** A prompt with its pictures read. "0 shots" shows its demonstrations without theirs. */
async function inputOf({ record, demos }: Asked, options: EvaluateOptions) {
  const { task, settings, data: folder, out } = options;
  const read = async (picture: DataPicture, id: string): Promise<Image> => {
    try {
      const name = picture.path ?? `the picture of ${id}`;
      return await shownPicture(await pictureBytes(folder, picture), name, settings);
    } catch (cause) {
      throw new InfimmError(`${task.name}: id ${id}: ${(cause as Error).message}`, { cause });
    }
  };
  const all = async (of: Asked["record"]): Promise<Image[]> => {
    const images: Image[] = [];
    for (const picture of of.pictures) images.push(await read(picture, of.id));
    return images;
  };
  const shown: Demo[] = [];
  for (const demo of demos) shown.push({ record: demo, pictures: settings.shots > 0 ? await all(demo) : [] });
  const input = task.ask(record, await all(record), shown, settings) as Parameters<
    Assistant["processor"]["applyBatch"]
  >[0][number];
  const pictures: { path: string; digest: string }[] = [];
  for (const picture of record.pictures) pictures.push(await keptPicture(folder, out, picture));
  return { input, pictures };
}

/** Where a report finds a picture: in the data, or, if it stands in a table there, in the run's own folder. */
async function keptPicture(folder: string, out: string, picture: DataPicture) {
  const bytes = await pictureBytes(folder, picture);
  const digest = digestOf(bytes);
  if (picture.path !== undefined) return { path: picture.path, digest };
  const path = `pictures/${digest}`;
  await mkdir(join(out, "pictures"), { recursive: true });
  if (!existsSync(join(out, path))) await writeFile(join(out, path), bytes);
  return { path, digest };
}

async function headerOf(
  options: EvaluateOptions,
  data: TaskData,
  asked: readonly Asked[],
  generation: GenerateOptions,
): Promise<Header> {
  const contents: (string | Uint8Array)[] = [];
  for (const file of data.files) contents.push(await readBytes(file, "data file"));
  if (data.files.length === 0) contents.push(...(await madeData(data)));
  const { input } = await inputOf(asked[0], options);
  const { task, model, assistant, settings } = options;
  const { dtype = "as stored", backend = assistant.model.backend.name, version = "" } = options;
  return {
    format: 1,
    task: task.name,
    model,
    modelDigest: await modelDigest(model),
    dtype,
    backend,
    data: options.data,
    dataDigest: digestOf(...contents),
    settings,
    generation: { ...generation },
    promptExample: options.assistant.processor.render(input).text,
    items: asked.length,
    version,
  };
}

/** Of data that are made, not read: all that they are. */
async function madeData({ records }: TaskData): Promise<(string | Uint8Array)[]> {
  const pictures = records.flatMap((record) => record.pictures.flatMap(({ bytes }) => bytes ?? []));
  return [JSON.stringify(records.map(({ id, question, reference }) => [id, question, reference])), ...pictures];
}

/** Names, sizes and the first million bytes of a checkpoint's files; of one that is not here, its name. */
export async function modelDigest(model: string): Promise<string> {
  if (!existsSync(model)) return digestOf(model);
  const names = (await readdir(model)).filter(
    (name) => /\.(safetensors|bin|json)$/.test(name) && !/^golden/.test(name),
  );
  const parts: (string | Uint8Array)[] = [];
  for (const name of names.sort()) {
    const { size } = await stat(join(model, name));
    parts.push(`${name} ${size} `, await beginningOf(join(model, name), 1e6));
  }
  return digestOf(...parts);
}
