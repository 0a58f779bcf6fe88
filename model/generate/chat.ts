import { InfimmError } from "../../core/errors.ts";
import { checked } from "../../core/knownNames.ts";
import type { Image } from "../processor/pictures/image.ts";
import type { Message } from "../processor/text/prompt.ts";
import { type PictureSource, readPicture } from "../processor/pictures/readPicture.ts";
import { pictureList, type UnreadInput } from "../processor/pictures/readPictures.ts";
import type { AnswerOptions } from "./answerOptions.ts";

/** Whatever continues a conversation, piece by piece: an Assistant does. */
export interface Replier {
  reply(conversation: UnreadInput, options?: AnswerOptions): AsyncIterable<string>;
}

/** A conversation: each turn sees all turns before it, and their pictures. */
export class Chat {
  /** What has been said, oldest first. */
  readonly messages: Message[];
  readonly #replier: Replier;
  #answering = false;

  constructor(replier: Replier, options: { system?: string } = {}) {
    const { system } = checked("chat", options, ["system"]);
    this.#replier = replier;
    this.messages = system === undefined ? [] : [{ role: "system", content: system }];
  }

  /**
   * Say something, with pictures before it, and hear the answer piece by piece. An answer that is broken off (by
   * `break`, or by `signal`) is kept as far as it came; one that fails before its first piece undoes the turn.
   * @throws InfimmError while the answer before is still being made
   */
  async *say(
    text: string,
    pictures: PictureSource | readonly PictureSource[] = [],
    options: AnswerOptions = {},
  ): AsyncGenerator<string> {
    if (this.#answering) {
      throw new InfimmError(
        "chat: the answer before is still being made; hear it out, or break it off, before the next turn",
      );
    }
    this.#answering = true;
    try {
      yield* this.#turn(text, pictureList(pictures), options);
    } finally {
      this.#answering = false;
    }
  }

  async *#turn(text: string, pictures: readonly PictureSource[], options: AnswerOptions): AsyncGenerator<string> {
    const images: Image[] = [];
    for (const source of pictures) images.push(await readPicture(source));
    const before = this.messages.length;
    this.messages.push({ role: "user", content: [...images.map((image) => ({ image })), text] });
    let answer = "";
    try {
      for await (const piece of this.#replier.reply(this.messages, options)) {
        answer += piece;
        yield piece;
      }
    } catch (error) {
      if (answer === "") this.messages.length = before;
      throw error;
    } finally {
      if (this.messages.length > before) this.messages.push({ role: "assistant", content: answer });
    }
  }
}
