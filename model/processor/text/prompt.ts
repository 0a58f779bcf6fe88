import { InfimmError } from "../../../core/errors.ts";
import type { ChatStyle } from "./chatStyles.ts";
import {
  parseTemplate,
  type RenderOptions,
  type Role,
  renderChat,
  type TemplateOptions,
  type TextMessage,
} from "./chatTemplate.ts";
import type { Image } from "../pictures/image.ts";
import { asLiteral } from "./literal.ts";

/** A piece of a message: text, or a picture; also in the form that transformers' chats and OpenAI's have. */
export type Part<Picture = Image> =
  | string
  | { readonly image: Picture; readonly type?: "image" }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly url: string }
  | { readonly type: "image_url"; readonly image_url: string | { readonly url: string } };

/** One turn: text, or text and pictures in their order. Other fields reach the checkpoint's own template. */
export interface Message<Picture = Image> {
  readonly role: Role;
  readonly content: string | readonly Part<Picture>[];
  readonly [field: string]: unknown;
}

/** Text with an `<image>` token for each picture, and the pictures in that order. */
export interface Prompt<Picture = Image> {
  text: string;
  images: readonly Picture[];
}

export interface PromptOptions extends RenderOptions {
  style: ChatStyle;
  /** The checkpoint's own `chat_template`, which goes before the style's. */
  template?: string;
  /** Strings that must not become tokens when a message happens to spell them. */
  specialTokens: readonly string[];
  /**
   * Do as the original processor does: every message that is not the user's is repeated as if the user had said it,
   * and special tokens spelled in a message count. Default false.
   */
  emulateOriginalBugs?: boolean;
}

/** The prompt of a conversation. Its text may carry `asLiteral` marks, which `Tokenizer.encode` understands. */
export function renderPrompt<Picture>(messages: readonly Message<Picture>[], options: PromptOptions): Prompt<Picture> {
  const { style, specialTokens, emulateOriginalBugs = false } = options;
  if (messages.length === 0) throw new InfimmError("prompt: expected at least one message, got none");
  const escaped = emulateOriginalBugs ? [] : specialTokens;
  const parts = messages.map(partsOf);
  const images = parts.flat().flatMap((part) => (typeof part === "string" ? [] : [part.image]));
  const plain = messages.map(({ content: _, ...message }, i): TextMessage => {
    return { ...(markedAll(message, escaped) as { role: Role }), content: textOf(parts[i], style.image, escaped) };
  });
  const turns = emulateOriginalBugs ? repeatAsUser(messages, plain) : plain;
  if (turns[0].role !== "system" && style.emptySystemMessage) turns.unshift({ role: "system", content: "" });
  const { tools, documents, templateVariables } = options;
  const marked = markedAll({ tools, documents, templateVariables }, escaped) as TemplateOptions;
  const template = options.template ?? style.template;
  const text = renderChat(template, turns, { ...options, ...marked });
  requireAllSaid(template, turns, { ...options, ...marked });
  return { text, images };
}

/** Stands at the ends of messages, to see which of them a template writes: two of Unicode's internal code points. */
const SEEN = (i: number): string => `\uFDD1${i}\uFDD2`;

/** Refuses a conversation of which the template writes some messages and not others, as it may of a role that it does not know. */
function requireAllSaid(template: string, turns: readonly TextMessage[], options: RenderOptions): void {
  const signed = turns.map((turn, i) => ({ ...turn, content: (turn.content ?? "") + SEEN(i) }));
  const text = renderChat(template, signed, { ...options, continueFinalMessage: false, addGenerationPrompt: false });
  const isWritten = turns.map((_, i) => text.includes(SEEN(i)));
  const lost = turns.findIndex(({ content = "" }, i) => /\S/.test(content) && !isWritten[i]);
  if (lost < 0 || !isWritten.includes(true)) return; // a template that writes no message at all has its reasons
  const { role } = turns[lost];
  throw new InfimmError(
    `prompt: the checkpoint's chat template leaves out the message of role ${JSON.stringify(role)}`,
  );
}

/** Every text in it as a literal; keys, and what is no text, as they are. */
function markedAll(value: unknown, escaped: readonly string[]): unknown {
  if (typeof value === "string") return asLiteral(value, escaped);
  if (Array.isArray(value)) return value.map((item) => markedAll(item, escaped));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markedAll(item, escaped)]));
}

/**
 * The texts and pictures of a message.
 * @throws for what is neither, naming it: it would be left out of the prompt otherwise
 */
export function partsOf<Picture>(message: Message<Picture>): (string | { image: Picture })[] {
  const { role, content } = message ?? {};
  if (typeof role !== "string") throw new InfimmError(`prompt: a message's role must be a text, got ${shown(role)}`);
  if (typeof content === "string") return [content];
  // a call of tools comes without words
  if ((content === undefined || content === null) && "tool_calls" in message) return [""];
  if (!Array.isArray(content)) {
    throw new InfimmError(
      `prompt: a message's content must be a text or a list of texts and pictures, got ${shown(content)}`,
    );
  }
  return content.map((part) => partOf<Picture>(part));
}

function partOf<Picture>(part: Part<Picture>): string | { image: Picture } {
  if (typeof part === "string") return part;
  const given = (part ?? {}) as Record<string, unknown>;
  const { type } = given;
  if (type === "text" && typeof given.text === "string") return given.text;
  if ((type === undefined || type === "image") && given.image !== undefined) return { image: given.image as Picture };
  // an address is a picture that is still to be read
  if (type === "image" && given.url !== undefined) return { image: given.url as Picture };
  if (type === "image_url") {
    const { image_url: image } = given;
    const address = typeof image === "object" && image !== null ? (image as { url?: unknown }).url : image;
    if (typeof address === "string") return { image: address as Picture };
  }
  throw new InfimmError(
    'prompt: a part of a message must be a text, {image}, {type: "text", text}, {type: "image", image} or ' +
      `{type: "image_url", image_url}, got ${shown(part)}`,
  );
}

/** A value, short, for a message. */
function shown(value: unknown): string {
  if (typeof value !== "object" || value === null)
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  const type = (value as { type?: unknown }).type;
  return `{${Object.keys(value).join(", ")}}${typeof type === "string" ? ` of type ${JSON.stringify(type)}` : ""}`;
}

/** The message's text. Neighbouring strings are joined before they are escaped: "<ima" and "ge>" spell a token too. */
function textOf(parts: readonly (string | object)[], image: string, escaped: readonly string[]): string {
  let text = "";
  let typed = "";
  for (const part of parts) {
    if (typeof part === "string") typed += part;
    else {
      text += asLiteral(typed, escaped) + image;
      typed = "";
    }
  }
  return text + asLiteral(typed, escaped);
}

/** The strings that a message may not become tokens with: special ones, and others that the template writes itself. */
export function controlTokens(
  added: readonly { content: string; special: boolean }[],
  template: string,
  image: string,
): string[] {
  const literals = `${parseTemplate(template).literals}\0${image}`;
  const isControl = (content: string, special: boolean) =>
    special || (/\S/.test(content) && literals.includes(content));
  return added.filter(({ content, special }) => isControl(content, special)).map(({ content }) => content);
}

/** The original's missing `continue`. It also cannot render a list in a message that is not the user's. */
function repeatAsUser(messages: readonly Message<unknown>[], turns: TextMessage[]): TextMessage[] {
  return turns.flatMap((turn, i) => {
    if (turn.role === "user") return [turn];
    if (typeof messages[i].content !== "string") {
      throw new InfimmError(
        `prompt: the original processor cannot render a list in a ${turn.role} message; ` +
          "give a string, or leave out emulateOriginalBugs",
      );
    }
    return [turn, { role: "user", content: turn.content ?? "" }];
  });
}
