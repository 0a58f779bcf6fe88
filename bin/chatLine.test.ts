import { expect, test } from "vitest";
import { parseChatLine, parseTurn } from "./chatLine.ts";

test.each([
  ["cat.png What is this?", ["cat.png"], "What is this?"],
  ['"my cat.png" What is this?', ["my cat.png"], "What is this?"],
  ["Is my\\ cat.JPG like 'your cat.webp'?", ["my cat.JPG", "your cat.webp"], "Is like ?"],
  ["it's a/b.jpeg isn't it", ["a/b.jpeg"], "it's isn't it"],
  ["It's \"fun\"\\n, isn't it?", [], "It's \"fun\"\\n, isn't it?"],
  ["https://a.b/c.jpg?size=2 what?", ["https://a.b/c.jpg?size=2"], "what?"],
  ["http:// what?", [], "http:// what?"],
  ["", [], ""],
  ["C:\\pics\\cat.png What is this?", ["C:\\pics\\cat.png"], "What is this?"],
  ['"C:\\my pics\\cat.png" and \\\\nas\\a.jpg?', ["C:\\my pics\\cat.png"], "and \\\\nas\\a.jpg?"],
  ["\\\\nas\\pics\\a.jpg what", ["\\\\nas\\pics\\a.jpg"], "what"],
  ["pics\\new\\cat.png what", ["pics\\new\\cat.png"], "what"],
  ["my\\ cat\\(1\\).png what", ["my cat(1).png"], "what"],
  ["Is this a .png", [], "Is this a .png"],
  ["Is this a .png? or pics/.jpg", [], "Is this a .png? or pics/.jpg"],
  ["What does `cat.png` mean", [], "What does cat.png mean"],
  ["data:image/png;base64,AAAA what", ["data:image/png;base64,AAAA"], "what"],
  ["file:///a/cat.png what", ["file:///a/cat.png"], "what"],
  ["a \\", [], "a \\"],
])("%s", (line, pictures, text) => {
  expect(parseChatLine(line)).toEqual({ pictures, text });
});

test.each([
  ["/picture my dog.bin", "my dog.bin"],
  ["  /Picture  'my dog.bin' ", "my dog.bin"],
  ['/picture "a" b"', 'a" b'],
  ["/picture my\\ dog.png", "my dog.png"],
])("an order's picture is all that follows: %s", (line, place) => {
  expect(parseTurn(line)).toEqual({ pictures: [place], text: "" });
});

test("other lines are turns", () => {
  expect(parseTurn("what is /picture of")).toEqual({ pictures: [], text: "what is /picture of" });
  expect(parseTurn("cat.png what")).toEqual(parseChatLine("cat.png what"));
});
