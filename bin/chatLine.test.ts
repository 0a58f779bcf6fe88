import { expect, test } from "vitest";
import { parseChatLine } from "./chatLine.ts";

test.each([
  ["cat.png What is this?", ["cat.png"], "What is this?"],
  ['"my cat.png" What is this?', ["my cat.png"], "What is this?"],
  ["Is my\\ cat.JPG like 'your cat.webp'?", ["my cat.JPG", "your cat.webp"], "Is like ?"],
  ["it's a/b.jpeg isn't it", ["a/b.jpeg"], "it's isn't it"],
  ["It's \"fun\"\\n, isn't it?", [], "It's \"fun\"\\n, isn't it?"],
  ["https://a.b/c.jpg?size=2 what?", ["https://a.b/c.jpg?size=2"], "what?"],
  ["http:// what?", [], "http:// what?"],
  ["", [], ""],
])("%s", (line, pictures, text) => {
  expect(parseChatLine(line)).toEqual({ pictures, text });
});
