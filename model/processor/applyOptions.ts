import type { TemplateOptions } from "./text/chatTemplate.ts";

/** Options of Processor.apply. */
export interface ApplyOptions extends TemplateOptions {
  /** Longer prompts lose their beginning. Default 2048, as the original. */
  maxLength?: number;
  /** The name of one of the checkpoint's chat templates, or a template. Default: what transformers would take. */
  chatTemplate?: string;
  /**
   * Behave as the original processor, mistakes included: repeated messages (see `PromptOptions`), and pictures that
   * stay when their token is truncated away, so that the tokens left are matched to the wrong ones. Default false.
   */
  emulateOriginalBugs?: boolean;
}

/** All names of `ApplyOptions`. */
export const APPLY_NAMES = Object.keys({
  addGenerationPrompt: true,
  continueFinalMessage: true,
  tools: true,
  documents: true,
  templateVariables: true,
  maxLength: true,
  chatTemplate: true,
  emulateOriginalBugs: true,
} satisfies Record<keyof ApplyOptions, true>);
