import { requireKnown } from "../../../core/knownNames.ts";
import type { Image } from "./image.ts";
import { type Message, partsOf, type Prompt } from "../text/prompt.ts";
import { PICTURE_NAMES, type PictureOptions, type PictureSource, readPicture } from "./readPicture.ts";

/** A conversation, or a finished prompt, whose pictures may still be paths, addresses, files … */
export type UnreadInput = readonly Message<PictureSource>[] | Prompt<PictureSource>;

/** The same with every picture read, in turn: `processor.apply(await readPictures(conversation))`. */
export async function readPictures(
  input: UnreadInput,
  options: PictureOptions = {},
): Promise<readonly Message[] | Prompt> {
  requireKnown("readPictures", options, PICTURE_NAMES);
  if ("text" in input) {
    const images: Image[] = [];
    for (const source of input.images) images.push(await readPicture(source, options));
    return { text: input.text, images };
  }
  const messages: Message[] = [];
  for (const message of input) messages.push(await readMessage(message, options));
  return messages;
}

async function readMessage(message: Message<PictureSource>, options: PictureOptions): Promise<Message> {
  if (typeof message?.content === "string") return message as Message;
  const parts: (string | { image: Image })[] = [];
  for (const part of partsOf(message)) {
    parts.push(typeof part === "string" ? part : { image: await readPicture(part.image, options) });
  }
  return { ...message, content: parts };
}

/** One picture, or several, as several. */
export function pictureList(pictures: PictureSource | readonly PictureSource[]): readonly PictureSource[] {
  return Array.isArray(pictures) ? pictures : [pictures as PictureSource];
}
