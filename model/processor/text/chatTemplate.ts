import { InfimmError } from "../../../core/errors.ts";
import type { Template } from "./jinja/render.ts";
import { strip, stripEnd } from "./jinja/spaces.ts";
import { textEngine } from "./textEngine.ts";

/** Who speaks. A checkpoint's own template may know more roles than these. */
export type Role = "system" | "user" | "assistant" | (string & {});

/** A message as a template sees it: pictures have become text. Its other fields are passed on. */
export interface TextMessage {
  role: Role;
  content?: string;
  [field: string]: unknown;
}

/** What a template is given beside the messages, as by transformers' `apply_chat_template`. */
export interface TemplateOptions {
  /** End with the opening of the assistant's answer. Default true, false where the last message is continued. */
  addGenerationPrompt?: boolean;
  /** Leave the last message open, so that its text goes on. Default false. */
  continueFinalMessage?: boolean;
  /** JSON schemas of functions, for templates that know of tools. */
  tools?: readonly object[];
  /** `{title, text}` each, for templates that know of documents. */
  documents?: readonly object[];
  /** More variables of the template, such as `enable_thinking`. */
  templateVariables?: Readonly<Record<string, unknown>>;
}

export interface RenderOptions extends TemplateOptions {
  bosToken: string;
  eosToken: string;
  /** All that the tokenizer names, such as `pad_token`; BOS and EOS need not be among them. */
  tokens?: Readonly<Record<string, unknown>>;
}

/** Names under which a message's reasoning goes; templates read the first, and some the second. */
const REASONING = ["reasoning_content", "thinking", "reasoning"];
const OPEN_END = "CONTINUE_FINAL_MESSAGE_TAG ";

const parsed = new Map<string, Template>();

/** A template that has been parsed before is not parsed again. */
export function parseTemplate(source: string): Template {
  let template = parsed.get(source);
  if (!template) {
    template = new (textEngine().Template)(source);
    if (parsed.size >= 16) parsed.clear();
    parsed.set(source, template);
  }
  return template;
}

/**
 * The text of a conversation, as transformers' `apply_chat_template` renders it.
 * @throws TemplateError for what is wrong with the template, and for what it refuses itself
 */
export function renderChat(source: string, messages: readonly TextMessage[], options: RenderOptions): string {
  const { bosToken, eosToken, tokens, tools, documents, templateVariables, continueFinalMessage = false } = options;
  const { addGenerationPrompt = !continueFinalMessage } = options;
  if (continueFinalMessage && addGenerationPrompt) {
    throw new InfimmError("prompt: continueFinalMessage and addGenerationPrompt exclude each other");
  }
  const given = messages.map(withReasoning);
  const variables = {
    bos_token: bosToken === "" ? undefined : bosToken,
    eos_token: eosToken,
    ...tokens,
    tools: tools ?? null,
    documents: documents ?? null,
    add_generation_prompt: addGenerationPrompt,
    ...templateVariables,
  };
  const template = parseTemplate(source);
  if (!continueFinalMessage) return template.render({ ...variables, messages: given });
  const last = given[given.length - 1];
  const final = last.content ?? "";
  const open = [...given.slice(0, -1), { ...last, content: final + OPEN_END }];
  return cutAtOpenEnd(template.render({ ...variables, messages: open }), final);
}

/** Fields without a value are left out, and reasoning goes by all names that templates know. */
function withReasoning(message: TextMessage): TextMessage {
  const kept = Object.fromEntries(Object.entries(message).filter(([, value]) => value != null)) as TextMessage;
  const reasoning = REASONING.map((name) => kept[name]).find((value) => value !== undefined);
  return reasoning === undefined ? kept : { thinking: reasoning, ...kept, reasoning_content: reasoning };
}

function cutAtOpenEnd(text: string, final: string): string {
  const at = text.lastIndexOf(strip(OPEN_END));
  if (at < 0 || !text.includes(strip(final))) {
    throw new InfimmError("prompt: continueFinalMessage: the chat template leaves the last message out, or changes it");
  }
  return text.startsWith(OPEN_END, at) ? text.slice(0, at) : stripEnd(text.slice(0, at));
}
