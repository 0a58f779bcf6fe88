import { InfimmError } from "../../core/errors.ts";
import { requireKnown } from "../../core/knownNames.ts";
import { APPLY_NAMES, type ApplyOptions } from "../processor/applyOptions.ts";
import { ELSEWHERE, GENERATE_NAMES, type GenerateOptions } from "./options.ts";

/** How to answer: what to generate, and how the prompt is made. */
export interface AnswerOptions extends Omit<GenerateOptions, "onLogprobs">, Omit<ApplyOptions, "addGenerationPrompt"> {
  /** An answer ends before the one of these that is complete first; one of them alone may stand without a list. */
  readonly stopStrings?: readonly string[] | string;
  /** Called when an answer has ended by itself; where there are several, once for each, in their order. */
  readonly onEnd?: (end: AnswerEnd) => void;
  /** Whether `onEnd` hears how probable each token was, and beside it `topLogprobs` others. Not of beams. */
  readonly logprobs?: boolean;
}

/** A token of an answer, as text, and how probable it was. */
export interface AnswerLogprob extends NamedLogprob {
  /** The likeliest in its place, the likeliest first: as many as `topLogprobs` says. */
  readonly topLogprobs: readonly NamedLogprob[];
}

/** A token and how probable the model found it. */
export interface NamedLogprob {
  readonly id: number;
  /** What it adds to the text: with a space in front where the text has one; "" inside a character. */
  readonly token: string;
  /** ln p by the model itself, before temperature, penalties and what is forbidden. */
  readonly logprob: number;
}

/** How an answer ended. */
export interface AnswerEnd {
  /** How many tokens were generated, the end of sequence included. */
  readonly tokens: number;
  /** How many tokens the prompt has, with one `<image>` a picture. */
  readonly promptTokens: number;
  /** From the call to the end, pictures read and waiting listeners included. */
  readonly seconds: number;
  /** "stop": at an end of sequence, a stop string, or where `stop` said so; "length": there was no more room. */
  readonly reason: "stop" | "length";
  /** With `logprobs`: one for each token. */
  readonly logprobs?: readonly AnswerLogprob[];
}

/** The options taken apart: those of generation, those of the prompt, and the stop strings. */
export interface AnswerParts {
  readonly generation: GenerateOptions;
  readonly prompt: ApplyOptions;
  readonly stopStrings: readonly string[];
  readonly logprobs: boolean;
  readonly onEnd?: (end: AnswerEnd) => void;
}

const OF_GENERATION = GENERATE_NAMES.filter((name) => name !== "onLogprobs");
const OF_PROMPTS = APPLY_NAMES.filter((name) => name !== "addGenerationPrompt");
/** All names of `AnswerOptions`. */
export const ANSWER_NAMES = [...OF_GENERATION, ...OF_PROMPTS, "stopStrings", "onEnd", "logprobs"];

/** @throws InfimmError naming an option that is not known, or stop strings that are none */
export function answerParts(options: AnswerOptions): AnswerParts {
  const { stopStrings: _, logprobs: __, ...others } = ELSEWHERE;
  const elsewhere = {
    ...others,
    output_logits: "logprobs",
    output_scores: "logprobs",
    onLogprobs: "logprobs and onEnd",
  };
  requireKnown("answer", options, ANSWER_NAMES, elsewhere);
  const among = (names: readonly string[]): GenerateOptions & ApplyOptions =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
  const { stopStrings = [], logprobs = false, onEnd } = options;
  const stops = typeof stopStrings === "string" ? [stopStrings] : stopStrings;
  if (!Array.isArray(stops) || !stops.every((stop) => typeof stop === "string")) {
    throw new InfimmError(`answer: stopStrings must be a list of texts, got ${JSON.stringify(stopStrings)}`);
  }
  if (onEnd !== undefined && typeof onEnd !== "function") throw new InfimmError("answer: onEnd must be a function");
  const asked = among(OF_GENERATION);
  if (logprobs ? !onEnd : asked.topLogprobs) {
    throw new InfimmError("answer: topLogprobs needs logprobs: true, and that needs onEnd, which hears them");
  }
  return { generation: asked, prompt: among(OF_PROMPTS), stopStrings: stops, logprobs: Boolean(logprobs), onEnd };
}
