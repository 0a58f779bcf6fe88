import { expect, test } from "vitest";
import { printable, shortened } from "./printable.ts";

test("what would move a terminal is shown, and the rest is as it was", () => {
  expect(printable("a\tb\nc é 😀 \x1b[2J\x07\x9b\r")).toBe("a\tb\nc é 😀 \\x1b[2J\\x07\\x9b\\x0d");
});

test("a line that is too long loses its middle", () => {
  expect(shortened("model.layers.10.weight", 22)).toBe("model.layers.10.weight");
  expect(shortened("model.layers.10.weight", 21)).toBe("model.laye….10.weight");
});
