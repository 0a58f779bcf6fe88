import { InfimmError } from "../../../core/errors.ts";
import type { ChatStyle } from "./chatStyles.ts";
import { type RenderOptions, renderChat, type TextMessage } from "./chatTemplate.ts";
import type { Image } from "../pictures/image.ts";
import { asLiteral } from "./literal.ts";

/** One turn: text, or text and pictures in their order. */
export interface Message<Picture = Image> {
  role: "system" | "user" | "assistant";
  content: string | readonly (string | { image: Picture })[];
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
  const images = messages.flatMap((message) => picturesOf(message));
  const escaped = emulateOriginalBugs ? [] : specialTokens;
  const plain = messages.map((message) => ({ role: message.role, content: textOf(message, style.image, escaped) }));
  const turns = emulateOriginalBugs ? repeatAsUser(messages, plain) : plain;
  if (turns[0].role !== "system" && style.emptySystemMessage) turns.unshift({ role: "system", content: "" });
  return { text: renderChat(options.template ?? style.template, turns, options), images };
}

function picturesOf<Picture>({ content }: Message<Picture>): Picture[] {
  if (typeof content === "string") return [];
  return content.flatMap((part) => (typeof part === "string" ? [] : [part.image]));
}

/** The message's text. Neighbouring strings are joined before they are escaped: "<ima" and "ge>" spell a token too. */
function textOf<Picture>({ content }: Message<Picture>, image: string, escaped: readonly string[]): string {
  const parts = typeof content === "string" ? [content] : content;
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
    return [turn, { role: "user", content: turn.content }];
  });
}
