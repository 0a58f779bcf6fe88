import type { GenerateOptions } from "../generate/options.ts";
import type { PictureSource } from "../processor/pictures/readPicture.ts";
import type { UnreadInput } from "../processor/pictures/readPictures.ts";
import type { Judge } from "./judges/judge.ts";
import type { Unit } from "./bootstrap.ts";

/** What decides a number, beside the model and the data. Every field stands in the header of items.jsonl. */
export interface Settings {
  /** "base": OpenFlamingo's prompts without a chat template; "chat": the checkpoint's template. */
  readonly prompts: "base" | "chat";
  /** Demonstrations before the question, of base prompts. 0: two without their pictures, unless `trueZeroShot`. */
  readonly shots: number;
  readonly trueZeroShot: boolean;
  /** The demonstrations most like the picture instead of random ones. */
  readonly rices: boolean;
  readonly seed: number;
  /** The order in which test items take their demonstrations: the file's, or the one of torch's loader. */
  readonly order: "file" | "torch";
  /** How many training items demonstrations are drawn from. */
  readonly pool: number;
  /** Ask only so many, drawn as OpenFlamingo draws them for base prompts, else the first. 0: all. */
  readonly limit: number;
  readonly split: string;
  readonly beams: number;
  /** One of the task's `promptForms`: in whose words it asks. "": the task's usual ones. */
  readonly promptForm: string;
  /** Of MMMU: only the first picture, as the official runner. */
  readonly firstImageOnly: boolean;
  /** "apply": pictures are turned upright by their EXIF; "ignore": not, as in the original. */
  readonly orientation: "ignore" | "apply";
  /** Every picture is grey: what can be answered without a look. */
  readonly blind: boolean;
}

/** A picture of a data set: a file, or bytes that stand in another. */
export interface DataPicture {
  /** The file, from the data folder. */
  readonly path?: string;
  readonly bytes?: Uint8Array;
}

/** One question of a data set. */
export interface EvalRecord {
  readonly id: string;
  readonly pictures: readonly DataPicture[];
  /** What is asked, or for captions "". */
  readonly question: string;
  /** The answer that the record has as a demonstration. */
  readonly demo?: string;
  /** Its own demonstrations, where the benchmark gives them; then none are drawn. */
  readonly demos?: readonly EvalRecord[];
  /** All that scoring needs. Plain JSON. */
  readonly reference: Reference;
}

/** All that scoring an item needs: plain JSON, whose fields are the task's own. */
export type Reference = Readonly<Record<string, unknown>>;

/** What a task loads from its folder. */
export interface TaskData {
  readonly records: readonly EvalRecord[];
  /** Where demonstrations come from; none: the task has no few-shot form. */
  readonly train?: readonly EvalRecord[];
  /** The files that were read, for the digest. */
  readonly files: readonly string[];
}

/** One line of items.jsonl. */
export interface Item {
  readonly id: string;
  /** As in the data, without the prompt round it. */
  readonly question: string;
  /** All that the model read, demonstrations and template. */
  readonly prompt: string;
  readonly pictures: readonly { readonly path: string; readonly digest: string }[];
  readonly demos: readonly string[];
  readonly raw: string;
  readonly answer: string;
  readonly reference: Reference;
  /** How probable the choices of `Task.choices` were, by name, among all that could come first. */
  readonly choices?: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly tokens: number;
}

/** What one item scored. */
export interface ItemScore {
  /** 0 to 1, or as the metric has it; null: cannot be told (no answers in the data). */
  readonly score: number | null;
  /** Which rule decided. */
  readonly rule?: string;
}

/** What all items scored together: numbers, tables, and each item by its id. */
export interface TaskScore {
  /** In the order in which they are told; the first ones are the card's. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tables: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly items: Readonly<Record<string, ItemScore>>;
  /** Of the metrics that have an interval: what is drawn anew. */
  readonly units: Readonly<Record<string, readonly Unit[]>>;
  readonly notes: readonly string[];
}

/** A file in the benchmark's own form. */
export interface Submission {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** What whoever scores must know of it. */
  readonly note?: string;
}

/** What scoring may be told, beside the items. */
export interface ScoreOptions {
  readonly judge: Judge;
  /** Of VQA: which definition gives the headline. */
  readonly definition?: string;
  /** Undecided multiple choice is drawn, seeded, as the official programs do; else it is wrong. */
  readonly drawUndecided?: boolean;
  /** The user's own judge prompt. */
  readonly judgePrompt?: string;
  /** Of MM-Vet: a file of grades in the form of its own grader, which are taken instead of a judge's. */
  readonly grades?: string;
  /** Of captions: a program that makes tokens of a text a line, as Stanford's jar does; else ours are taken. */
  readonly ptb?: string;
}

/** What decides numbers of some tasks only. To another task it is an error: nothing that was asked for is passed over. */
export type TaskOption = Exclude<keyof ScoreOptions, "judge"> | "judge" | "split" | "firstImageOnly" | "promptForm";

/** What a submission is made of, beside the items. */
export interface SubmissionContext {
  /** The data's folder, if it is still there. */
  readonly data: string;
  readonly split: string;
  /** The judge's name. */
  readonly judge: string;
  readonly score: TaskScore;
}

/** Answers by name, each in all the forms in which a model may write it; no two may begin with the same token. */
export type Choices = Readonly<Record<string, readonly string[]>>;

/** A benchmark: its data's layout, its prompt, what is done to an answer, its metric and its submission. */
export interface Task {
  readonly name: string;
  readonly title: string;
  /** The files of its folder, for `--help`. */
  readonly layout: string;
  readonly defaults: Partial<Settings>;
  /** The options that only some tasks know, and this one does. */
  readonly takes?: readonly TaskOption[];
  /** The forms of its prompt, beside the usual one. */
  readonly promptForms?: readonly string[];
  /** The definitions that it takes; the first is the default. */
  readonly definitions?: readonly string[];
  load(folder: string, settings: Settings): Promise<TaskData>;
  /** The question as the model gets it; `pictures` are the record's, read or not. */
  ask(record: EvalRecord, pictures: readonly PictureSource[], demos: readonly Demo[], settings: Settings): UnreadInput;
  generation(settings: Settings): GenerateOptions;
  clean(raw: string, settings: Settings): string;
  /** Answers whose probability is to be kept. Of greedy answers only: a search over beams knows no such thing. */
  choices?(record: EvalRecord): Choices | undefined;
  score(items: readonly Item[], options: ScoreOptions): Promise<TaskScore>;
  submissions?(items: readonly Item[], context: SubmissionContext): Promise<readonly Submission[]>;
  /** The raw answers in another program's file, by id, where it is not a list or lines of JSON with id and answer. */
  predictions?(path: string, records: readonly EvalRecord[]): Promise<ReadonlyMap<string, string>>;
}

/** A demonstration; without pictures its text alone is shown. */
export interface Demo {
  readonly record: EvalRecord;
  readonly pictures: readonly PictureSource[];
}
