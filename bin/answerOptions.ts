import { type Command, InvalidArgumentError, Option } from "commander";
import type { GenerateOptions } from "../model/generate/options.ts";
import { backendNames } from "../tensor/index.ts";
import { SHIPPED_MODEL } from "./package.ts";
import type { PictureFlags } from "./picture.ts";

/** What every command that answers takes. */
export interface AnswerOptions extends PictureFlags {
  model: string;
  backend: string;
  maxTokens: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

/** Add the options of `AnswerOptions` to a command. */
export function withAnswerOptions(command: Command): Command {
  const model = new Option("-m, --model <folder>", "a checkpoint folder: config.json, weights, tokenizer");
  const backend = new Option("--backend <name>", "where to compute");
  const orientation = new Option("--orientation <how>", "turn pictures upright by their EXIF, or not, as the original");
  return command
    .addOption(model.default(SHIPPED_MODEL, "infimm-tiny, which comes along"))
    .addOption(backend.choices(backendNames()).default("cpu"))
    .option("-n, --max-tokens <count>", "longest answer", wholeNumber(1), 64)
    .option("-t, --temperature <number>", "draw words at random; below 1 the likely become likelier", positive())
    .option("--top-k <count>", "draw from the k likeliest words only", wholeNumber(1))
    .option("--top-p <share>", "draw from the likeliest words that together have this probability", positive(1))
    .addOption(orientation.choices(["ignore", "apply"]).default("ignore"))
    .option("--seed <number>", "the same seed draws the same words", wholeNumber(0), 0)
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "no progress");
}

/** The generation options that a command line asks for. Words are drawn only if a sampling option is given. */
export function generateOptionsOf({ temperature, topK, topP, seed, maxTokens }: AnswerOptions): GenerateOptions {
  const drawn = temperature !== undefined || topK !== undefined || topP !== undefined;
  return { maxNewTokens: maxTokens, seed, sampling: drawn ? { temperature, topK, topP } : null };
}

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
  };
}

function positive(most = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number above 0${most === 1 ? " and at most 1" : ""}.`);
  };
}
