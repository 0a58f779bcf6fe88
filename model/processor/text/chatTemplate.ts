import { Template } from "@huggingface/jinja";
import { InfimmError } from "../../../core/errors.ts";

export type Role = "system" | "user" | "assistant";

/** A message as a template sees it: pictures have become text. */
export interface TextMessage {
  role: Role;
  content: string;
}

export interface RenderOptions {
  bosToken: string;
  eosToken: string;
  /** End with the opening of the assistant's answer. Default true. */
  addGenerationPrompt?: boolean;
}

/** The text of a conversation, as transformers' `apply_chat_template` renders it (trim_blocks, lstrip_blocks). */
export function renderChat(template: string, messages: readonly TextMessage[], options: RenderOptions): string {
  const { bosToken, eosToken, addGenerationPrompt = true } = options;
  try {
    return new Template(template).render({
      messages,
      bos_token: bosToken,
      eos_token: eosToken,
      add_generation_prompt: addGenerationPrompt,
    });
  } catch (cause) {
    throw new InfimmError(`chat template: ${(cause as Error).message}`, { cause });
  }
}
