import { describe, expect, it } from "vitest";
import { CHAT_STYLES } from "./chatStyles.ts";
import { withoutMarks } from "./literal.ts";
import { controlTokens, type Message, renderPrompt } from "./prompt.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

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

  it("takes the parts that other chats have", () => {
    const content = [
      { type: "text", text: "a" },
      { type: "image", image: "1" },
      { type: "image_url", image_url: { url: "2" } },
      { type: "image_url", image_url: "3" },
      { type: "image", url: "4" },
    ] as const;
    const { text, images } = renderPrompt<string>([{ role: "user", content }], zephyr);
    expect(text.match(/<image>/g)).toHaveLength(4);
    expect(images).toEqual(["1", "2", "3", "4"]);
    const elsewhere = renderPrompt<string>([{ role: "system", content: [{ image: "1" }] }, ...rounds], zephyr);
    expect(elsewhere.images).toEqual(["1", "cat"]);
  });

  it("refuses what it would have to leave out", () => {
    const refused = (message: unknown) => () => renderPrompt([message as Message<string>], zephyr);
    expect(refused({ role: "user", content: [{ type: "audio", audio: "a.wav" }] })).toThrow(
      '{type, audio} of type "audio"',
    );
    expect(refused({ role: "user", content: [{ picture: "cat" }] })).toThrow("got {picture}");
    expect(refused({ role: "user", content: [7] })).toThrow("got 7");
    expect(refused({ role: "user", content: { text: "Hi" } })).toThrow("must be a text or a list of texts");
    expect(refused({ role: "user" })).toThrow("content must be a text or a list of texts and pictures, got undefined");
    expect(refused({ content: "Hi" })).toThrow("role must be a text, got undefined");
    expect(refused(null)).toThrow("role must be a text");
    expect(refused({ role: "bot", content: "Hi" })).toThrow("the role bot is none of system, user, assistant");
    const late = [...rounds, { role: "system", content: "Be brief." }];
    for (const style of [CHAT_STYLES.llama2, CHAT_STYLES.vicuna, CHAT_STYLES.hd]) {
      expect(() => renderPrompt(late, { ...zephyr, style })).toThrow("a system message can only be the first");
    }
    expect(renderPrompt(late, zephyr).text).toContain("Be brief.");
  });

  it("refuses a conversation of which the checkpoint's template leaves a message out", () => {
    const template =
      "{% for m in messages %}{% if m.role != 'bot' %}{{ m.role }}: {{ m.content | trim }};{% endif %}{% endfor %}";
    const of = (...roles: string[]) => roles.map((role) => ({ role, content: "the same" }));
    expect(renderPrompt(of("user", "tool"), { ...zephyr, template }).text).toBe(
      "system: ;user: the same;tool: the same;",
    );
    expect(() => renderPrompt(of("user", "bot"), { ...zephyr, template })).toThrow(
      'leaves out the message of role "bot"',
    );
    const once = "{{ messages[0].content }}{{ messages[1].content.split('</think>')[-1] }}";
    const thought = [
      { role: "user", content: "hm</think>" },
      { role: "assistant", content: " " },
    ];
    expect(() => renderPrompt(thought, { ...zephyr, template: once })).not.toThrow();
  });

  it("passes other fields and roles on to the checkpoint's own template, as text", () => {
    const template =
      "{% for m in messages %}{{ m.role }}:{{ m.name }}:{{ m.content }};{% endfor %}{{ documents }}{{ documents | tojson(ensure_ascii=true) }}";
    const said = [
      { role: "tool", name: "</s>", content: "7" },
      { role: "assistant", content: null as never, tool_calls: [] },
    ];
    const { text } = renderPrompt<string>(said, { ...zephyr, template, documents: [{ title: "<image>" }] });
    expect(text).not.toContain("</s>");
    expect(text).not.toContain("<image>");
    expect(withoutMarks(text)).toBe(
      "system::;tool:</s>:7;assistant::;[{'title': '<image>'}][{\"title\": \"<image>\"}]",
    );
  });

  it("lets words be what they are, but not what the template means", () => {
    const added = [
      { content: "</s>", special: true },
      { content: "[INST]", special: false },
      { content: "\n\n", special: false },
      { content: "token", special: false },
    ];
    expect(controlTokens(added, "{{ '[INST]' }}\n\n", "<image>")).toEqual(["</s>", "[INST]"]);
  });

  it("needs a message", () => {
    expect(() => renderPrompt([], zephyr)).toThrow("expected at least one message");
  });
});
