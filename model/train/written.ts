import { asLiteral, withoutMarks } from "../processor/text/literal.ts";
import type { Picture } from "./documents.ts";
import type { Span } from "./labels.ts";

/** A document as text, an `<image>` for each picture. */
export interface Written {
  /** May carry marks of `asLiteral`. */
  readonly text: string;
  /** Characters of the text without marks that bear loss. */
  readonly counted: readonly Span[];
  readonly pictures: readonly Picture[];
}

/** Puts a text together from what a record says, which never becomes a special token, and from special tokens. */
export class Writer {
  readonly #pieces: { text: string; isToken: boolean }[] = [];
  readonly #counted: Span[] = [];
  readonly #pictures: Picture[] = [];
  #length = 0;

  say(text: string, counted: boolean): void {
    this.#add(withoutMarks(text), false, counted);
  }

  token(token: string, counted: boolean): void {
    this.#add(token, true, counted);
  }

  picture(picture: Picture): void {
    this.#pictures.push(picture);
    this.#add("<image>", true, false);
  }

  #add(text: string, isToken: boolean, counted: boolean): void {
    if (text === "") return;
    const last = this.#pieces[this.#pieces.length - 1];
    // a tokenizer puts a space into the token after it, which must not be lost to the answer that it begins
    const start = this.#length - (counted && last?.text.endsWith(" ") ? 1 : 0);
    this.#length += text.length;
    if (counted) this.#counted.push({ start, end: this.#length });
    if (last && !isToken && !last.isToken)
      last.text += text; // "<ima" and "ge>" spell a token too
    else this.#pieces.push({ text, isToken });
  }

  /** @param specialTokens what must not become a token where a record says it */
  written(specialTokens: readonly string[]): Written {
    const text = this.#pieces.map((piece) => (piece.isToken ? piece.text : asLiteral(piece.text, specialTokens)));
    return { text: text.join(""), counted: this.#counted, pictures: this.#pictures };
  }
}
