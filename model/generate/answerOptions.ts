import type { ApplyOptions } from "../processor/processor.ts";
import type { GenerateOptions } from "./options.ts";

/** How to answer: what to generate, and how the prompt is made. */
export interface AnswerOptions extends GenerateOptions, Omit<ApplyOptions, "addGenerationPrompt"> {
  /** An answer ends before the first of these. */
  readonly stopStrings?: readonly string[];
}
