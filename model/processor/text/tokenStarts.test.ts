import { encodeWithStarts } from "./tokenStarts.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { asLiteral } from "./literal.ts";
import { loadTextEngine } from "./textEngine.ts";
import { Tokenizer } from "./tokenizer.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "./zephyrTokenizer.fixture.ts";

await loadTextEngine();

/** Where Hugging Face's Rust code says that tokens begin: golden/export/export_token_starts.py. */
const golden: Record<string, [text: string, starts: number[]][]> = JSON.parse(
  readFileSync("golden/fixtures/tokenStarts.json", "utf8"),
);
const config = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" };

describe.each(Object.entries(golden))("%s", (kind, cases) => {
  const file = JSON.parse(readFileSync(`golden/fixtures/tokenizers/${kind}.json`, "utf8"));
  const tokenizer = new Tokenizer(file.tokenizer, config);

  it("tokens begin where the Rust code says, but for spaces that were dropped", () => {
    let same = 0;
    for (const [text, starts] of cases) {
      const found = encodeWithStarts(tokenizer, text, { addSpecialTokens: false });
      expect(found.ids).toEqual(tokenizer.encode(text, { addSpecialTokens: false }));
      if (found.starts.every((start, i) => start === starts[i])) same++;
      else expect(text).toMatch(kind === "unigram" ? /\s\s|^\s|STRIP|LEFT|RIGHT/ : /STRIP|LEFT|RIGHT/);
      for (const [i, start] of found.starts.entries()) {
        const between = text.slice(Math.min(start, starts[i]), Math.max(start, starts[i]));
        expect(between.trim(), JSON.stringify(text)).toBe("");
      }
    }
    expect(same).toBeGreaterThan(cases.length * (kind === "unigram" ? 0.8 : 0.9));
  });
});

const zephyr = new Tokenizer(zephyrTokenizerJson(), zephyrTokenizerConfig);

test("after a special token stands a piece of its own for the line break's place; marks do not count", () => {
  const text = "<|user|>\n<image>Hi</s>\nNo";
  const { ids, starts } = encodeWithStarts(zephyr, text);
  expect(ids.slice(-9)).toEqual([1838, 28766, 28767, 13, 32001, 15359, 2, 28705, 13, 2501].slice(-9));
  expect(starts.slice(-6).map((start) => text.slice(start)[0])).toEqual([..."<H<\n\nN"]);
  const typed = "<image>a </s> b";
  const literal = encodeWithStarts(zephyr, asLiteral(typed, ["</s>"]));
  expect(literal.ids).not.toContain(2);
  expect(literal.starts.map((start) => typed.slice(start))).toEqual([
    typed,
    typed,
    "a </s> b",
    " </s> b",
    "s> b",
    "> b",
    " b",
  ]);
});

test("a character that no piece spells takes its place, and the next token begins behind it", () => {
  const vocab = { "<unk>": 0, "▁": 1, a: 2, b: 3, "▁a": 4, "</s>": 5 };
  const model = { type: "BPE", unk_token: "<unk>", fuse_unk: true, vocab, merges: ["▁ a"] };
  const normalizer = { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, { type: "Replace", pattern: { String: " " }, content: "▁" }] }; // biome-ignore format: one line
  const tokenizer = new Tokenizer(
    { model, normalizer, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] } as object,
    {
      unk_token: "<unk>",
      eos_token: "</s>",
    },
  );
  expect(encodeWithStarts(tokenizer, "aéb aéé").starts).toEqual([0, 1, 2, 3, 5]);
});

test("a normaliser that changes letters is refused: places could not be told", () => {
  const json = { ...(zephyrTokenizerJson() as object), normalizer: { type: "Lowercase" } };
  const lower = new Tokenizer(json, zephyrTokenizerConfig);
  expect(() => encodeWithStarts(lower, "ABC")).toThrow("cannot tell where token 0");
});
