import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CHAT_STYLES } from "./chatStyles.ts";
import { type Message, renderPrompt } from "./prompt.ts";
import { Tokenizer } from "./tokenizer.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "./zephyrTokenizer.fixture.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

interface Golden {
  encode: { text: string; ids: number[] }[];
  decode: { ids: number[]; text: string; with_special: string }[];
  truncated: { text: string; max_length: number; ids: number[] }[];
  prompts: {
    name: string;
    messages: Message<string>[];
    corrected: string;
    corrected_ids: number[];
    original: string;
    original_ids: number[];
  }[];
}

/** What the original tokenizer and processor make of our texts, written by golden/export/export_tokenizer.py. */
const file = new URL("../../../golden/fixtures/tokenizer/cases.json", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(file, "utf8"));
const tokenizer = new Tokenizer(zephyrTokenizerJson(), zephyrTokenizerConfig);

describe("ids equal the original's", () => {
  it.each(golden.encode)("$text", ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  it("after truncation", () => {
    for (const { text, max_length, ids } of golden.truncated) {
      expect(tokenizer.encode(text, { maxLength: max_length })).toEqual(ids);
    }
  });
});

describe("decoded text equals the original's", () => {
  const isBroken = ({ text }: { text: string }) => text.includes("\uFFFD");

  it.each(golden.decode.filter((one) => !isBroken(one)))("$ids", ({ ids, text, with_special }) => {
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text);
    expect(tokenizer.decode(ids)).toBe(with_special);
  });

  it("but of bytes that are no UTF-8, the whole characters are kept", () => {
    for (const { ids } of golden.decode.filter(isBroken)) expect(tokenizer.decode(ids)).toContain("\uFFFD");
    expect(tokenizer.decode([3, 68, 258])).toBe("\0A\uFFFD"); // the original: three times U+FFFD
  });
});

describe("prompts equal the original's", () => {
  const { bosToken, eosToken, specialTokens } = tokenizer;
  const options = { style: CHAT_STYLES.zephyr, bosToken, eosToken, specialTokens };

  it.each(golden.prompts)("$name", ({ messages, corrected, corrected_ids, original, original_ids }) => {
    const ours = renderPrompt(messages, options).text;
    expect(ours).toBe(corrected);
    expect(tokenizer.encode(ours)).toEqual(corrected_ids);
    const emulated = renderPrompt(messages, { ...options, emulateOriginalBugs: true }).text;
    expect(emulated).toBe(original);
    expect(tokenizer.encode(emulated)).toEqual(original_ids);
  });
});
