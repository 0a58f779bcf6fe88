import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamDecoder } from "./streamDecoder.ts";
import { Tokenizer } from "./tokenizer.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "./zephyrTokenizer.fixture.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

const tokenizer = new Tokenizer(zephyrTokenizerJson(), zephyrTokenizerConfig);

function stream(ids: readonly number[], skipSpecialTokens = false): string[] {
  const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
  return [...ids.map((id) => decoder.push(id)), decoder.finish()];
}

describe("StreamDecoder", () => {
  it("never gives out half a character", () => {
    const fox = tokenizer.encode("a🦊b", { addSpecialTokens: false });
    expect(stream(fox).filter((piece) => piece !== "")).toEqual(["a", "🦊", "b"]);
  });

  it("holds back every byte of a character, of two, three or four, until the last is there", () => {
    const bytes = (text: string) => [...new TextEncoder().encode(text)].map((byte) => byte + 3); // <0x00> is id 3
    for (const letter of ["é", "€", "🦊", "\u{10FFFF}"]) {
      const ids = bytes(letter);
      const held = new Array(ids.length - 1).fill("");
      expect(stream([...ids, ...ids])).toEqual([...held, letter, ...held, letter, ""]);
      expect(stream(ids.slice(0, -1)).slice(0, -1)).toEqual(held);
    }
  });

  it("holds back as many U+FFFD as a decoder may write for an unfinished character: one, or one a byte", () => {
    const decoders = [
      (bytes: Uint8Array) => new TextDecoder().decode(bytes),
      (bytes: Uint8Array) => "\uFFFD".repeat(bytes.length),
    ];
    for (const unfinished of decoders) {
      const decode = (ids: readonly number[]) => {
        const start = ids.findLastIndex((byte) => byte < 0x80 || byte >= 0xc0); // of the last character
        const [before, last] = [ids.slice(0, start), ids.slice(start)].map((part) => Uint8Array.from(part));
        const text = new TextDecoder().decode(last);
        return new TextDecoder().decode(before) + (text.includes("\uFFFD") ? unfinished(last) : text);
      };
      const decoder = new StreamDecoder({ decode, isSpecial: () => false } as unknown as Tokenizer);
      const fox = [...new TextEncoder().encode("🦊")];
      expect([...fox, 97].map((byte) => decoder.push(byte))).toEqual(["", "", "", "🦊", "a"]);
      expect(fox.slice(0, 3).map((byte) => decoder.push(byte))).toEqual(["", "", ""]);
      expect(decoder.finish()).toBe(unfinished(Uint8Array.from(fox.slice(0, 3))));
    }
  });

  it("keeps spaces between words and drops the first", () => {
    expect(stream(tokenizer.encode("Hi there", { addSpecialTokens: false }))).toEqual(["Hi", " there", ""]);
  });

  it("gives an unfinished character out at the end", () => {
    const [broken] = tokenizer.encode("🦊", { addSpecialTokens: false }).slice(-4);
    expect(stream([broken])).toEqual(["", "\uFFFD"]);
  });

  it("gives, piece by piece, exactly what decode gives at once", () => {
    const byte = fc.integer({ min: 3, max: 258 });
    const id = fc.oneof(byte, fc.integer({ min: 0, max: 32001 }), fc.constantFrom(1, 2, 28705, 32000, 32001));
    fc.assert(
      fc.property(fc.array(id, { maxLength: 40 }), fc.boolean(), (ids, skipSpecialTokens) => {
        expect(stream(ids, skipSpecialTokens).join("")).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { numRuns: 1000 },
    );
  });

  it("and for real text no piece ends inside of a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const pieces = stream(tokenizer.encode(text), true);
        expect(pieces.join("")).toBe(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true }));
        for (const piece of pieces) expect(piece).not.toMatch(/[\uD800-\uDFFF]/u);
        expect(pieces.join("").includes("\uFFFD")).toBe(text.includes("\uFFFD"));
      }),
    );
  });
});
