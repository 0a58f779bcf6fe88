import type { Processor } from "../processor/processor.ts";
import { MARK, withoutMarks } from "../processor/text/literal.ts";
import type { Message } from "../processor/text/prompt.ts";
import { type Document, isText, type LeftOut, type Picture } from "./documents.ts";
import type { Span } from "./labels.ts";
import type { Written } from "./written.ts";

/** Stand round an answer to see where the template puts it: two of Unicode's internal code points. */
const OPEN = "\uFDD3";
const CLOSE = "\uFDD4";

/** The turns of a chat: each text with a role takes the pictures before it. */
export function messagesOf({ parts }: Document): Message<Picture>[] {
  const messages: Message<Picture>[] = [];
  let pictures: { image: Picture }[] = [];
  for (const part of parts) {
    if (!isText(part)) pictures.push({ image: part });
    else {
      messages.push({ role: part.role ?? "user", content: [...pictures, part.text] });
      pictures = [];
    }
  }
  if (pictures.length > 0) messages.push({ role: "user", content: pictures });
  return messages;
}

/**
 * A chat in the model's template. What an answer says counts, with a space before it, which its first token takes in,
 * and the special token that closes it.
 *
 * @param learns of each message, whether it counts
 */
export function writeChat(
  processor: Processor,
  messages: readonly Message<Picture>[],
  learns: readonly boolean[],
  chatTemplate?: string,
): Written | LeftOut {
  const options = { addGenerationPrompt: false, chatTemplate };
  const { text, images } = processor.render(messages, options);
  const signed = processor.render(
    messages.map((message, i) => (learns[i] ? signedMessage(message) : message)),
    options,
  );
  const counted = spansOf(signed.text, processor);
  const asWritten = signed.text.replaceAll(OPEN, "").replaceAll(CLOSE, "") === text;
  if (!asWritten || counted.length !== learns.filter((learn) => learn).length) {
    return { leftOut: "the chat template does not tell where answers stand", detail: withoutMarks(text).slice(0, 80) };
  }
  return { text, counted, pictures: images };
}

/** With marks round its text, within the spaces that templates take away. */
function signedMessage(message: Message<Picture>): Message<Picture> {
  const { content } = message;
  const parts = typeof content === "string" ? [content] : content;
  const texts = parts.filter((part) => typeof part === "string").join("");
  const [, before, inside, after] = texts.match(/^(\s*)([\s\S]*?)(\s*)$/)!;
  return { ...message, content: [...parts.filter((part) => typeof part !== "string"), before + OPEN + inside + CLOSE + after] }; // biome-ignore format: one line
}

/** Where answers stand in the text without marks. */
function spansOf(signed: string, { tokenizer }: Processor): Span[] {
  const closers = tokenizer.addedTokens.filter(({ special }) => special).map(({ content }) => content);
  const spans: Span[] = [];
  let at = 0;
  let start: number | undefined;
  for (const [i, letter] of [...signed.matchAll(/[\s\S]/g)].entries()) {
    if (letter[0] === OPEN) start = signed[i - 1] === " " ? at - 1 : at;
    else if (letter[0] === CLOSE) {
      if (start !== undefined) spans.push({ start, end: at + closingLength(signed.slice(i + 1), closers) });
      start = undefined;
    } else if (letter[0] !== MARK) at++;
  }
  return spans;
}

/** The special token that follows an answer, with a space before it if there is one; not the next question's picture. */
function closingLength(rest: string, closers: readonly string[]): number {
  const space = rest.startsWith(" ") ? 1 : 0;
  const closer = closers.find((token) => token !== "<image>" && rest.startsWith(token, space));
  if (closer === undefined || rest.startsWith("<image>", space + closer.length)) return 0;
  return space + closer.length;
}
