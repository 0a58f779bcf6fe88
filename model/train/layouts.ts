import { type Document, isText, type Picture, type Text } from "./documents.ts";
import { Writer, type Written } from "./written.ts";

export interface LayoutOptions {
  readonly eosToken: string;
  /** What must not become a token where a record says it. */
  readonly specialTokens: readonly string[];
  /** Pictures beyond these get no `<image>` in `interleaved` and `web`, as in OpenFlamingo. */
  readonly maxPictures: number;
  /** In `web`, text before the first picture bears loss, too. */
  readonly textBeforeImages: boolean;
}

const END_OF_CHUNK = "<|endofchunk|>";

/** The text of a document in a layout that is not the chat's. BOS is the tokenizer's to add. */
export function writeDocument({ layout, parts }: Document, options: LayoutOptions): Written {
  const writer = new Writer();
  if (layout === "pair") writePair(writer, parts, options.eosToken);
  else if (layout === "task") writeTask(writer, parts, options.eosToken);
  else if (layout === "plain") writePlain(writer, parts, options.eosToken);
  else writeInterleaved(writer, chunksOf(parts, layout === "web" ? "" : " ", options.maxPictures), layout, options);
  return writer.written(options.specialTokens);
}

type Parts = Document["parts"];

/** `<image>` caption `<|endofchunk|></s>`: the caption and both tokens count. OpenFlamingo: preprocess_laion_text. */
function writePair(writer: Writer, parts: Parts, eosToken: string): void {
  for (const part of parts) {
    if (isText(part)) writer.say(part.text.trim(), part.learn);
    else writer.picture(part);
  }
  writer.token(END_OF_CHUNK, true);
  writer.token(eosToken, true);
}

/** Questions and answers in turn, a line each; `<|endofchunk|>` closes an answer, `</s>` the last. */
function writeTask(writer: Writer, parts: Parts, eosToken: string): void {
  let open = false; // a text that the next one stands under
  for (const [i, part] of parts.entries()) {
    if (!isText(part)) writer.picture(part);
    else {
      writer.say(open ? "\n" : "", false);
      writer.say(part.text, part.learn);
    }
    const next = parts[i + 1];
    const closes = isText(part) && part.learn && !(next && isText(next) && next.learn);
    if (closes) writer.token(END_OF_CHUNK, true);
    open = isText(part) && !closes;
  }
  writer.token(eosToken, true);
}

function writePlain(writer: Writer, parts: Parts, eosToken: string): void {
  for (const part of parts) {
    if (isText(part)) writer.say(part.text, part.learn);
    else writer.picture(part);
  }
  writer.token(eosToken, parts.findLast(isText)?.learn ?? false);
}

/** A picture and the text up to the next one. The first chunk has no picture. */
interface Chunk {
  readonly picture?: Picture;
  readonly texts: Text[];
}

/** Cut at pictures. Texts are joined by `joint`, or by a blank line where that is none. */
function chunksOf(parts: Parts, joint: string, maxPictures: number): Chunk[] {
  const chunks: Chunk[] = [{ texts: [] }];
  let pictures = 0;
  const kept = parts.filter((part) => isText(part) || pictures++ < maxPictures);
  for (const [i, part] of kept.entries()) {
    const { texts } = chunks[chunks.length - 1];
    const previous = kept[i - 1];
    if (isText(part)) {
      const glue = previous === undefined || !isText(previous) ? "" : joint || "\n\n";
      texts.push({ ...part, text: glue + part.text });
    } else {
      if (joint !== "" && texts.length > 0) texts.push({ text: joint, learn: texts[texts.length - 1].learn });
      chunks.push({ picture: part, texts: [] });
    }
  }
  return chunks;
}

/**
 * Before each picture an `<|endofchunk|>`, but before the first, and one at the end; of the text round them one space is
 * dropped. What follows a picture counts, and the `<|endofchunk|>` that ends it. OpenFlamingo: preprocess_interleaved.
 */
function writeInterleaved(writer: Writer, chunks: readonly Chunk[], layout: string, options: LayoutOptions): void {
  for (const [k, { picture, texts }] of chunks.entries()) {
    const isLast = k === chunks.length - 1;
    if (picture) writer.picture(picture);
    const countsHere = picture !== undefined || (layout === "web" && options.textBeforeImages);
    const trimmed = trimSpace(texts, picture !== undefined, !isLast);
    for (const { text, learn } of trimmed) writer.say(text, countsHere && learn);
    if (picture || isLast) writer.token(END_OF_CHUNK, countsHere && (texts[texts.length - 1]?.learn ?? true));
  }
  writer.token(options.eosToken, false);
}

/** Without one space at the end, and one at the start, of all texts together. */
function trimSpace(texts: readonly Text[], atStart: boolean, atEnd: boolean): Text[] {
  const kept = texts.filter(({ text }) => text !== "").map((text) => ({ ...text }));
  const last = kept[kept.length - 1];
  if (atEnd && last?.text.endsWith(" ")) last.text = last.text.slice(0, -1);
  const first = kept.find(({ text }) => text !== "");
  if (atStart && first?.text.startsWith(" ")) first.text = first.text.slice(1);
  return kept;
}
