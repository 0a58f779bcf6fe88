import { expect, test } from "vitest";
import { Processor } from "../../processor/processor.ts";
import { isLeftOut, isText, type Document } from "../documents.ts";
import { IGNORED } from "../labels.ts";
import { sampleOf } from "../sample.ts";
import { WORLD_SOURCES, worldRecords } from "./documents.ts";
import { MADE_UP } from "./fewShot.ts";
import { Sprites } from "./sprites.ts";
import { SHORT_ANSWER, textRow } from "./text.ts";
import { tinyConfig } from "../tiny/config.ts";
import { learnPieces, tokenizerConfig, tokenizerJson } from "./tokenizer.ts";
import { BACKGROUNDS, COLOURS, COLUMNS, NUMBERS, plural, ROWS, SHAPES, THINGS } from "./words.ts";

const json = tokenizerJson();
const vocabulary = 1 + Math.max(...json.added_tokens!.map(({ id }) => id));
const processor = await Processor.from({
  tokenizer: json,
  tokenizerConfig: tokenizerConfig(json),
  config: tinyConfig(vocabulary) as Record<string, unknown>,
});
const { tokenizer } = processor;

test("pieces are learnt from the commonest pair on, until every word is one", () => {
  const { pieces, merges } = learnPieces(["ab", "abc", "bc", "▁abc"]);
  expect(merges).toEqual([
    ["a", "b"],
    ["ab", "c"],
    ["b", "c"],
    ["▁", "abc"],
  ]);
  expect(pieces.slice(-4)).toEqual(["ab", "abc", "bc", "▁abc"]);
  expect(() => learnPieces(["é"])).toThrow("outside of printable ASCII");
});

test("every word of the world is one token, inside a sentence and after a line break", () => {
  const kinds = [...SHAPES, ...THINGS, "shape", "thing"];
  const words = [
    ...COLOURS,
    ...kinds,
    ...kinds.map(plural),
    ...BACKGROUNDS,
    ...ROWS,
    ...COLUMNS,
    ...NUMBERS,
    ...MADE_UP,
  ];
  words.push(..."yes no first second Is Where What How Which This a an left right above below".split(" "));
  const split = words.filter((word) => tokenizer.encode(word, { addSpecialTokens: false }).length !== 1);
  expect(split).toEqual([]);
  const answers = [
    ...COLOURS,
    ...SHAPES,
    ...BACKGROUNDS,
    ...ROWS,
    ...NUMBERS,
    "yes",
    "no",
    "first",
    "second",
    "a",
    "an",
  ];
  const newline = tokenizer.encode("\n", { addSpecialTokens: false }).at(-1)!;
  for (const word of answers) {
    const ids = tokenizer.encode(`${SHORT_ANSWER}\n${word}`, { addSpecialTokens: false });
    expect(ids.length - 1 - ids.lastIndexOf(newline), word).toBe(1);
  }
});

test("texts of the world come back as they were; the two last ids are the model's own tokens", () => {
  for (let i = 0; i < 60; i++) {
    const { text } = textRow("back", i);
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    expect(tokenizer.decode(ids).replaceAll("<|endofchunk|> ", "<|endofchunk|>").replaceAll("</s> ", "</s>")).toBe(
      text,
    );
  }
  const ends = ["<|endofchunk|>", "<image>"].map((token) => tokenizer.tokenToId(token));
  expect(ends).toEqual([vocabulary - 2, vocabulary - 1]);
});

test.each(WORLD_SOURCES)("%s: documents become samples that learn their answers", async (source) => {
  const records = worldRecords(source, { length: 40, sprites: await Sprites.load() });
  for (let i = 0; i < records.length; i++) {
    const document = (await records.at(i)) as Document;
    const sample = sampleOf(document, processor);
    if (isLeftOut(sample)) throw new Error(sample.detail);
    const learnt = document.parts.flatMap((part) => (isText(part) && part.learn ? [part.text] : []));
    const counted = sample.labels.filter((label) => label !== IGNORED);
    const words = (text: string) =>
      text
        .replaceAll(/<[^>]+>/g, " ")
        .split(/\s+/)
        .filter((word) => word !== "");
    expect(words(tokenizer.decode(counted)).join("")).toBe(words(learnt.join(" ")).join(""));
    expect(sample.pictures).toHaveLength(document.parts.filter((part) => !isText(part)).length);
    expect(await records.at(i)).toEqual(document);
  }
});
