import { InfimmError } from "../../core/errors.ts";
import { requireKnown } from "../../core/knownNames.ts";
import { APPLY_NAMES, type ApplyOptions } from "../processor/processor.ts";
import { ELSEWHERE, GENERATE_NAMES, type GenerateOptions } from "./options.ts";

/** How to answer: what to generate, and how the prompt is made. */
export interface AnswerOptions extends GenerateOptions, Omit<ApplyOptions, "addGenerationPrompt"> {
  /** An answer ends before the one of these that is complete first; one of them alone may stand without a list. */
  readonly stopStrings?: readonly string[] | string;
  /** Called when the answer has ended by itself. Not of beams, nor of several answers at once. */
  readonly onEnd?: (end: AnswerEnd) => void;
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
}

/** The options taken apart: those of generation, those of the prompt, and the stop strings. */
export interface AnswerParts {
  readonly generation: GenerateOptions;
  readonly prompt: ApplyOptions;
  readonly stopStrings: readonly string[];
}

/** @throws InfimmError naming an option that is not known, or stop strings that are none */
export function answerParts(options: AnswerOptions): AnswerParts {
  const { stopStrings: _, ...elsewhere } = ELSEWHERE;
  const promptNames = APPLY_NAMES.filter((name) => name !== "addGenerationPrompt");
  requireKnown("answer", options, [...GENERATE_NAMES, ...promptNames, "stopStrings", "onEnd"], elsewhere);
  const among = (names: readonly string[]) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
  const { stopStrings = [] } = options;
  const stops = typeof stopStrings === "string" ? [stopStrings] : stopStrings;
  if (!Array.isArray(stops) || !stops.every((stop) => typeof stop === "string")) {
    throw new InfimmError(`answer: stopStrings must be a list of texts, got ${JSON.stringify(stopStrings)}`);
  }
  return { generation: among(GENERATE_NAMES), prompt: among(promptNames), stopStrings: stops };
}
