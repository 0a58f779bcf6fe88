import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { GenerateOptions } from "../model/generate/options.ts";
import { backendNames, getBackend } from "../tensor/index.ts";
import { WEIGHT_DTYPES, type WeightDType } from "../model/checkpoint/convert/storeAs.ts";
import { isAddress, isPictureName } from "./chatLine.ts";
import { SHIPPED_MODEL } from "./package.ts";
import type { PictureFlags } from "./picture.ts";

/** What every command that answers takes. */
export interface AnswerOptions extends PictureFlags {
  model: string;
  backend: string;
  dtype?: WeightDType;
  exact?: boolean;
  system?: string;
  maxTokens: number;
  minTokens: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed: number;
  beams: number;
  lengthPenalty: number;
  repetitionPenalty: number;
  ngramSize: number;
  stop: string[];
  logprobs?: boolean;
  topLogprobs?: number;
  json?: boolean;
  quiet?: boolean;
}

/** What every command takes that runs a model. */
export function withModelOptions(command: Command): Command {
  const model = new Option(
    "-m, --model <name>",
    "a checkpoint's folder, or owner/name[@revision] on the Hugging Face hub",
  );
  const backend = new Option("--backend <name>", "where to compute");
  const dtype = new Option("--dtype <dtype>", "hold weights so, quantised as they are read (default: as stored)");
  const orientation = new Option("--orientation <how>", "turn pictures upright by their EXIF, or not, as the original");
  return command
    .addOption(model.default(SHIPPED_MODEL, "infimm-tiny, which comes along"))
    .addOption(backend.choices(backendNames()).default(getBackend().name))
    .addOption(dtype.choices(WEIGHT_DTYPES))
    .option(
      "--exact",
      "multiply q8 and q4 weights on wasm with activations as they are, not rounded: takes twice as long",
    )
    .addOption(orientation.choices(["ignore", "apply"]).default("ignore"))
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "no progress");
}

/** Add the options of `AnswerOptions` to a command. */
export function withAnswerOptions(command: Command): Command {
  return withModelOptions(command)
    .hook("preAction", () => checkAnswerOptions(command, command.opts()))
    .option("--system <text>", "what to tell the model first")
    .option("-n, --max-tokens <count>", "longest answer", wholeNumber(1), 64)
    .option("--min-tokens <count>", "shortest answer", wholeNumber(0), 0)
    .option("--stop <text>", "end the answer before this; may be given several times", collected, [])
    .option(
      "-t, --temperature <number>",
      "draw words at random; below 1 the likely become likelier, and 0 draws none",
      notNegative,
    )
    .option("--top-k <count>", "draw from the k likeliest words only", wholeNumber(1))
    .option("--top-p <share>", "draw from the likeliest words that together have this probability", positive(1))
    .option("--seed <number>", "the same seed draws the same words", wholeNumber(0), 0)
    .option("--beams <count>", "search for the likeliest answer among this many at a time", wholeNumber(1), 1)
    .option("--length-penalty <number>", "of beams: above 0 favours long answers", number, 1)
    .option("--repetition-penalty <number>", "above 1: words that were there become less likely", positive(), 1)
    .option("--ngram-size <count>", "no run of this many tokens twice; 0: they may", wholeNumber(0), 0);
}

/** For commands whose JSON tells how probable each token was. */
export function withLogprobs(command: Command): Command {
  return command
    .option("--logprobs", "with --json: how probable each token was, as natural logarithms")
    .option("--top-logprobs <count>", "with --json: and as many of the likeliest in its place", wholeNumber(1))
    .hook("preAction", () => {
      const { json, logprobs, topLogprobs, beams } = command.opts<AnswerOptions>();
      if (!logprobs && topLogprobs === undefined) return;
      if (!json) command.error("--logprobs and --top-logprobs are in what --json prints; give it, too.");
      if (beams > 1) command.error("--logprobs are of tokens that are chosen one by one, and --beams searches.");
    });
}

/** What `withLogprobs` means for an answer. */
export function logprobsOf({ logprobs, topLogprobs }: AnswerOptions): { logprobs: boolean; topLogprobs?: number } {
  return { logprobs: logprobs === true || topLogprobs !== undefined, topLogprobs };
}

/** Words are drawn if a sampling option is given; a temperature of 0 means the likeliest. */
function isDrawn({ temperature, topK, topP }: AnswerOptions): boolean {
  return temperature !== 0 && (temperature !== undefined || topK !== undefined || topP !== undefined);
}

/** Ends with wrong usage if options exclude each other. */
function checkAnswerOptions(command: Command, options: AnswerOptions): void {
  if (options.beams > 1 && isDrawn(options)) {
    command.error(
      "--beams searches for the likeliest answer, and --temperature, --top-k and --top-p draw; give one or the other.",
    );
  }
  if (options.minTokens > options.maxTokens) {
    command.error(`--min-tokens ${options.minTokens} is more than --max-tokens ${options.maxTokens}.`);
  }
}

/** The generation options that a command line asks for. Words are drawn only if a sampling option is given. */
export function generateOptionsOf(options: AnswerOptions): GenerateOptions & { stopStrings: string[] } {
  const { temperature, topK, topP } = options;
  const drawn = isDrawn(options);
  return {
    maxNewTokens: options.maxTokens,
    minNewTokens: options.minTokens,
    stopStrings: options.stop,
    seed: options.seed,
    sampling: drawn ? { temperature, topK, topP } : null,
    beams: options.beams,
    lengthPenalty: options.lengthPenalty,
    repetitionPenalty: options.repetitionPenalty,
    noRepeatNgramSize: options.ngramSize,
  };
}

/** Pictures and, last, the question: `words` of a command line. */
export function questionOf(command: Command, words: readonly string[]): { pictures: string[]; question: string } {
  const question = words[words.length - 1];
  const pictures = words.slice(0, -1);
  if (question === "-") command.error("the last argument is the question, but - is the picture on standard input.");
  // a sentence may end in a name: "what is in cat.png"
  if (existsSync(question) || (isPictureName(question) && !/\s/.test(question))) {
    command.error(`the last argument is the question, but ${question} is a file.`);
  }
  if (question.trim() === "") command.error("the question, the last argument, is empty.");
  const stray = pictures.findIndex(
    (word) => word !== "-" && !isPictureName(word) && !isAddress(word) && !existsSync(word),
  );
  if (stray >= 0) {
    const asked = [...words.slice(0, stray), `"${words.slice(stray).join(" ")}"`].join(" ");
    command.error(`there is no picture ${words[stray]}; if the question begins there, put it in quotes: ${asked}`);
  }
  return { pictures, question };
}

function collected(value: string, before: string[]): string[] {
  return [...before, value];
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number.");
}

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
  };
}

function notNegative(text: string): number {
  const value = number(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError("Expected a number, 0 or more.");
}

function positive(most = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number above 0${most === 1 ? " and at most 1" : ""}.`);
  };
}
