import { expect, it } from "vitest";
import { captionPrompt, vqaPrompt } from "./basePrompts.ts";

it("asks for a caption", () => {
  expect(captionPrompt("cat")).toEqual({ text: "<image>Output:", images: ["cat"] });
  const examples = [{ image: "dog", caption: " A dog. " }, { caption: "A fox." }];
  expect(captionPrompt("cat", examples)).toEqual({
    text: "<image>Output:A dog.<|endofchunk|>\nOutput:A fox.<|endofchunk|>\n<image>Output:",
    images: ["dog", "cat"],
  });
});

it("asks a question", () => {
  const examples = [{ image: "dog", question: "What is it?", answer: "dog" }];
  expect(vqaPrompt("cat", "Where is it?", examples)).toEqual({
    text: "<image>Question:What is it? Short answer:dog<|endofchunk|>\n" + "<image>Question:Where is it? Short answer:",
    images: ["dog", "cat"],
  });
});
