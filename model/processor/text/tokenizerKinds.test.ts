import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { asLiteral } from "./literal.ts";
import { StreamDecoder } from "./streamDecoder.ts";
import { Tokenizer } from "./tokenizer.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

/** Small tokenizers of each kind, and what Hugging Face's Rust code makes of texts: golden/export/export_tokenizers.py. */
interface Golden {
  tokenizer: object;
  encode: [text: string, ids: number[]][];
  /** Without BOS, and as if no special token were one. */
  literal: [text: string, ids: number[]][];
  /** Without BOS, and as if </s> were none. */
  mixed: [text: string, ids: number[]][];
  decode: [ids: number[], text: string, skipped: string][];
}

const FOLDER = "golden/fixtures/tokenizers";
const kinds = readdirSync(FOLDER).map((file): [string, Golden] => {
  return [file.replace(".json", ""), JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8"))];
});
const config = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" };

describe.each(kinds)("%s", (_, golden) => {
  const tokenizer = new Tokenizer(golden.tokenizer, config);
  const special = tokenizer.addedTokens.filter((token) => token.special).map((token) => token.content);
  const bare = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });

  it("encodes", () => {
    for (const [text, ids] of golden.encode) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(bare(text)).toEqual(ids.slice(1));
    }
  });

  it("keeps what a user typed text, and nothing else changes", () => {
    for (const [text, ids] of golden.literal) expect(bare(asLiteral(text, special)), text).toEqual(ids);
    for (const [text, ids] of golden.mixed) expect(bare(asLiteral(text, ["</s>"])), text).toEqual(ids);
  });

  it("decodes, at once or as the ids come", () => {
    for (const [ids, text, skipped] of golden.decode) {
      expect(tokenizer.decode(ids), String(ids)).toBe(text);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true }), String(ids)).toBe(skipped);
      for (const skipSpecialTokens of [true, false]) {
        const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
        const pieces = [...ids.map((id) => decoder.push(id)), decoder.finish()];
        expect(pieces.join("")).toBe(skipSpecialTokens ? skipped : text);
      }
    }
  });

  it("streams what it decodes, whatever the ids", () => {
    const id = fc.integer({ min: 0, max: Math.max(...golden.decode.flatMap(([ids]) => ids)) });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 30 }), fc.boolean(), (ids, skipSpecialTokens) => {
        const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
        const pieces = [...ids.map((one) => decoder.push(one)), decoder.finish()];
        expect(pieces.join("")).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { numRuns: 50 },
    );
  });
});

test("what a post-processor puts behind a text goes behind it, also of a cut one", () => {
  const [, { tokenizer: json }] = kinds.find(([name]) => name === "gpt2") as [string, Golden];
  const piece = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const ids = (id: string, number: number) => ({ [id]: { id, ids: [number], tokens: [id] } });
  const plain = new Tokenizer(json, config);
  const [bos, eos] = ["<s>", "</s>"].map((token) => plain.tokenToId(token));
  const post_processor = {
    type: "TemplateProcessing",
    single: [piece("<s>"), { Sequence: { id: "A", type_id: 0 } }, piece("</s>")],
    pair: [],
    special_tokens: { ...ids("<s>", bos), ...ids("</s>", eos) },
  };
  const both = new Tokenizer({ ...json, post_processor } as object, config);
  const body = plain.encode("a dog", { addSpecialTokens: false });
  expect(both.encode("a dog")).toEqual([bos, ...body, eos]);
  expect(both.encode("")).toEqual([bos, eos]);
  expect(both.encode("a dog", { maxLength: 3 })).toEqual([bos, body.at(-1), eos]);
});
