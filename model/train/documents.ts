import type { Image } from "../processor/pictures/image.ts";

/**
 * What leaves every reader, and all that what comes after it sees: texts and pictures in their order. How it is laid
 * out in tokens follows from `layout` alone (sample.ts).
 */
export interface Document {
  /** Unique within its source. */
  readonly id: string;
  readonly source: string;
  readonly layout: Layout;
  readonly parts: readonly Part[];
}

/**
 * | layout | parts | written |
 * | --- | --- | --- |
 * | `pair` | a picture, its caption | `<image>` caption |
 * | `interleaved` | sentences, a picture before the one that it belongs to | joined by a space (MMC4) |
 * | `web` | paragraphs and pictures as a page has them | joined by a blank line (OBELICS) |
 * | `task` | pictures, then questions and answers in turn | joined by a line break |
 * | `chat` | turns: a text with a role, and before it its pictures | the model's chat template |
 * | `plain` | anything | as it stands |
 */
export type Layout = "pair" | "interleaved" | "web" | "task" | "chat" | "plain";

/** A part of a document: text or a picture. */
export type Part = Text | Picture;

/** A stretch of text in a document. */
export interface Text {
  readonly text: string;
  /** Whether it bears loss. */
  readonly learn: boolean;
  /** Who speaks, in a chat. */
  readonly role?: "system" | "user" | "assistant";
}

/** A picture: one of a file's bytes, its path, or pixels. The size in pixels, where a source tells it, is not checked. */
export type Picture = ({ readonly bytes: Uint8Array } | { readonly path: string } | { readonly pixels: Image }) & {
  readonly width?: number;
  readonly height?: number;
};

/** A record that gives no document. Records are counted by reason. */
export interface LeftOut {
  /** Of a kind, without particulars: "no caption". */
  readonly leftOut: string;
  /** Which record, and what is wrong with it there. */
  readonly detail: string;
}

export function isText(part: Part): part is Text {
  return "text" in part;
}

export function isLeftOut(value: object): value is LeftOut {
  return "leftOut" in value;
}

/** Records in an order of their own, any of which can be asked for at any time. */
export interface Records {
  /** What reports call it, and all that a resumed run knows it by, beside its length. */
  readonly source: string;
  readonly length: number;
  /** Record `index`; the same whenever it is asked for. */
  at(index: number): Promise<Document | LeftOut>;
  /** Gives back open files. */
  close?(): Promise<void>;
}
