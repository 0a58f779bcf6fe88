import { type Command, InvalidArgumentError, Option } from "commander";
import { Assistant } from "../model/assistant.ts";
import type { GenerateOptions } from "../model/generate/options.ts";
import { getBackend } from "../tensor/index.ts";
import { SHIPPED_MODEL } from "./package.ts";

/** What every command that answers takes. */
export interface AnswerOptions {
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
  return command
    .option("-m, --model <folder>", "a checkpoint folder: config.json, weights, tokenizer", SHIPPED_MODEL)
    .option("--backend <name>", "where to compute", "cpu")
    .option("-n, --max-tokens <count>", "longest answer", wholeNumber(1), 64)
    .option("-t, --temperature <number>", "draw words at random; below 1 the likely become likelier", aboveZero)
    .option("--top-k <count>", "draw from the k likeliest words only", wholeNumber(1))
    .option("--top-p <share>", "draw from the likeliest words that together have this probability", aboveZero)
    .option("--seed <number>", "the same seed draws the same words", wholeNumber(0), 0)
    .addOption(new Option("--json", "print one JSON object"))
    .option("-q, --quiet", "no progress");
}

/** The generation options that a command line asks for. Words are drawn only if a sampling option is given. */
export function generateOptionsOf(options: AnswerOptions, signal: AbortSignal): GenerateOptions {
  const { temperature, topK, topP, seed, maxTokens } = options;
  const drawn = temperature !== undefined || topK !== undefined || topP !== undefined;
  return { maxNewTokens: maxTokens, seed, signal, sampling: drawn ? { temperature, topK, topP } : null };
}

/** Load a checkpoint; progress goes to the terminal, if there is one. */
export async function loadAssistant({
  model,
  backend,
  quiet,
}: Pick<AnswerOptions, "model" | "backend" | "quiet">): Promise<Assistant> {
  const show = process.stderr.isTTY && !quiet;
  const onProgress = show
    ? (done: number, total: number) => process.stderr.write(`\r\x1b[Kloading ${model}: ${done} of ${total} tensors`)
    : undefined;
  const assistant = await Assistant.fromPretrained(model, { backend: getBackend(backend), onProgress });
  if (show) process.stderr.write("\r\x1b[K");
  return assistant;
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number, ${least} or more.`);
    return value;
  };
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("expected a number above 0.");
  return value;
}
