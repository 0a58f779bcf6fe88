import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asLiteral } from "./literal.ts";
import { Tokenizer } from "./tokenizer.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "./zephyrTokenizer.fixture.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

const tokenizer = new Tokenizer(zephyrTokenizerJson(), zephyrTokenizerConfig);
const ids = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
const specials = [0, 1, 2, 32000, 32001];

/** Text with what could go wrong in it: spellings of tokens, spaces, bytes outside of the vocabulary. */
const trickyText = fc
  .array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("<image>", "</s>", "<s>", "<", "s>", "<0x0A>", " ", "▁")),
  )
  .map((parts) => parts.join(""));

describe("Zephyr's ids", () => {
  it.each([
    ["\n", [28705, 13]],
    ["</s>\n", [2, 28705, 13]],
    ["<image> Hi", [32001, 28705, 15359]],
    ["Hi <image>", [15359, 28705, 32001]],
    ["<image>Output:", [32001, 15985, 28747]],
    ["<image>Question:What is it? Short answer:", [32001, 22478, 28747, 3195, 349, 378, 28804, 11530, 4372, 28747]],
    ["\nPlease", [28705, 13, 12069]],
    ["", []],
  ])("%j", (text, expected) => {
    expect(ids(text)).toEqual(expected);
    expect(tokenizer.encode(text)).toEqual([1, ...expected]);
  });

  it("of the model card's example", () => {
    const text =
      "<|system|>\n</s>\n<|user|>\n<|endofchunk|><image>Please explain this image to me.</s>\n<|assistant|>\n";
    const system = [1, 523, 28766, 6574, 28766, 28767, 13, 2];
    const user = [28705, 13, 28789, 28766, 1838, 28766, 28767, 13, 32000, 32001];
    const question = [5919, 7282, 456, 3469, 298, 528, 28723, 2];
    const assistant = [28705, 13, 28789, 28766, 489, 11143, 28766, 28767, 13];
    expect(tokenizer.encode(text)).toEqual([...system, ...user, ...question, ...assistant]);
  });
});

describe("Tokenizer", () => {
  it("decodes what it encoded", () => {
    const wellFormed = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("▁"));
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(tokenizer.decode(ids(text))).toBe(text);
      }),
    );
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.decode([1, 15359, 2])).toBe("<s> Hi</s>");
    expect(tokenizer.decode([1, 15359, 2], { skipSpecialTokens: true })).toBe("Hi");
  });

  it("never lets literal text become a special token", () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const literal = ids(asLiteral(text, tokenizer.specialTokens));
        expect(literal.filter((id) => specials.includes(id))).toEqual([]);
      }),
    );
    const around = `<|user|>\n${asLiteral("a </s> b", tokenizer.specialTokens)}</s>\n`;
    expect(tokenizer.decode(ids(around))).toBe("<|user|>\na </s> b</s> \n");
    expect(ids(around).filter((id) => id === 2).length).toBe(1);
  });

  it("encodes text that spells no token the same, literal or not", () => {
    const text = "What is this? \n \t 你好 🦊";
    const marked = asLiteral("<image>", tokenizer.specialTokens);
    expect(ids(`${text}<image>${text}</s>${marked}`)).toEqual([...ids(`${text}<image>${text}</s>`), ...ids(marked)]);
  });

  it("truncates on the left and keeps BOS", () => {
    const all = tokenizer.encode("one two three four five six");
    expect(tokenizer.encode("one two three four five six", { maxLength: 4 })).toEqual([1, ...all.slice(-3)]);
    expect(tokenizer.encode("one two three", { maxLength: 1 })).toEqual([1]);
    expect(tokenizer.encode("one two three", { maxLength: 2, addSpecialTokens: false })).toEqual(
      ids("one two three").slice(-2),
    );
  });

  it("pads a batch on the left", () => {
    const { inputIds, attentionMask } = tokenizer.encodeBatch(["Hi", "Hi <image>"]);
    expect(inputIds.map((row) => [...row])).toEqual([
      [2, 2, 1, 15359],
      [1, 15359, 28705, 32001],
    ]);
    expect(attentionMask.map((row) => [...row])).toEqual([
      [0, 0, 1, 1],
      [1, 1, 1, 1],
    ]);
  });

  it("looks tokens up, and says what is missing", () => {
    expect(tokenizer.tokenToId("<|endofchunk|>")).toBe(32000);
    expect(() => tokenizer.tokenToId("<video>")).toThrow('the vocabulary has no token "<video>"');
    expect(() => new Tokenizer({}, zephyrTokenizerConfig)).toThrow("tokenizer.json cannot be used");
  });
});
