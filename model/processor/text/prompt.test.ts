import { describe, expect, it } from "vitest";
import { CHAT_STYLES } from "./chatStyles.ts";
import { withoutMarks } from "./literal.ts";
import { type Message, renderPrompt } from "./prompt.ts";

const zephyr = { style: CHAT_STYLES.zephyr, bosToken: "<s>", eosToken: "</s>", specialTokens: ["</s>", "<image>"] };
const rounds: Message<string>[] = [
  { role: "user", content: [{ image: "cat" }, "Hi"] },
  { role: "assistant", content: "Hello" },
  { role: "user", content: "And?" },
];

describe("renderPrompt", () => {
  it("is the model card's example", () => {
    const message = { role: "user", content: [{ image: "cat" }, "Please explain this image to me."] } as const;
    expect(renderPrompt([message], zephyr)).toEqual({
      text: "<|system|>\n</s>\n<|user|>\n<|endofchunk|><image>Please explain this image to me.</s>\n<|assistant|>\n",
      images: ["cat"],
    });
  });

  it("says every turn once", () => {
    expect(renderPrompt(rounds, zephyr).text).toBe(
      "<|system|>\n</s>\n<|user|>\n<|endofchunk|><image>Hi</s>\n<|assistant|>\nHello</s>\n" +
        "<|user|>\nAnd?</s>\n<|assistant|>\n",
    );
  });

  it("repeats turns as the original does, when asked", () => {
    expect(renderPrompt(rounds, { ...zephyr, emulateOriginalBugs: true }).text).toBe(
      "<|system|>\n</s>\n<|user|>\n<|endofchunk|><image>Hi</s>\n<|assistant|>\nHello</s>\n" +
        "<|user|>\nHello</s>\n<|user|>\nAnd?</s>\n<|assistant|>\n",
    );
    const list: Message<string>[] = [{ role: "system", content: ["Be brief."] }];
    const emulated = () => renderPrompt(list, { ...zephyr, emulateOriginalBugs: true });
    expect(emulated).toThrow("the original processor cannot render a list in a system message");
  });

  it("keeps pictures in order, wherever they stand", () => {
    const content = ["a", { image: "1" }, "b", "c", { image: "2" }];
    const { text, images } = renderPrompt([{ role: "user", content }], zephyr);
    expect(text).toContain("a<|endofchunk|><image>bc<|endofchunk|><image></s>");
    expect(images).toEqual(["1", "2"]);
  });

  it("marks what only spells a token, also across pieces", () => {
    const content = ["<ima", "ge>", { image: "1" }, "</s>"];
    const { text } = renderPrompt([{ role: "user", content }], zephyr);
    expect(text.split("<image>").length - 1).toBe(1);
    expect(text.split("</s>").length - 1).toBe(2);
    expect(withoutMarks(text)).toContain("<|user|>\n<image><|endofchunk|><image></s></s>\n");
  });

  it("prefers the checkpoint's own template", () => {
    const { text } = renderPrompt(rounds, { ...zephyr, template: "{{ messages | length }}" });
    expect(text).toBe("4");
  });

  it("needs a message", () => {
    expect(() => renderPrompt([], zephyr)).toThrow("expected at least one message");
  });
});
