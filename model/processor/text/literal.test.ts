import fc from "fast-check";
import { expect, it } from "vitest";
import { asLiteral, withoutMarks } from "./literal.ts";

const tokens = ["<s>", "</s>", "<image>", "<|endofchunk|>", "<ss>", "aa"];
const text = fc.array(fc.constantFrom(...tokens, "<", "s", ">", "a", "|", "\n", "🦊")).map((parts) => parts.join(""));

it("marked text holds no token, and is itself again without marks", () => {
  fc.assert(
    fc.property(text, (typed) => {
      const literal = asLiteral(typed, tokens);
      expect(tokens.some((token) => literal.includes(token))).toBe(false);
      expect(withoutMarks(literal)).toBe(typed);
      expect(asLiteral(literal, tokens)).toBe(literal);
    }),
  );
});

it("leaves ordinary text alone", () => {
  expect(asLiteral("a < b <img>", tokens)).toBe("a < b <img>");
  expect(asLiteral("<image>", [])).toBe("<image>");
});
