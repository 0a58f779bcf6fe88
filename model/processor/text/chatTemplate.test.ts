import { describe, expect, it } from "vitest";
import { CHAT_STYLES } from "./chatStyles.ts";
import { renderChat, type TextMessage } from "./chatTemplate.ts";
import { loadTextEngine } from "./textEngine.ts";

await loadTextEngine();

const tokens = { bosToken: "<s>", eosToken: "</s>" };
const rounds: TextMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Hello" },
  { role: "user", content: "And?" },
];

/** Zephyr's published template in its own layout: the line breaks between tags must vanish, those after text stay. */
const PUBLISHED_LAYOUT = [
  "{% for message in messages %}",
  "{% if message['role'] == 'user' %}",
  "{{ '<|user|>\n' + message['content'] + eos_token }}",
  "{% elif message['role'] == 'system' %}",
  "{{ '<|system|>\n' + message['content'] + eos_token }}",
  "{% elif message['role'] == 'assistant' %}",
  "{{ '<|assistant|>\n'  + message['content'] + eos_token }}",
  "{% endif %}",
  "{% if loop.last and add_generation_prompt %}",
  "{{ '<|assistant|>' }}",
  "{% endif %}",
  "{% endfor %}",
].join("\n");

describe("chat styles", () => {
  it("Zephyr", () => {
    const text = renderChat(CHAT_STYLES.zephyr.template, rounds, tokens);
    expect(text).toBe(
      "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello</s>\n<|user|>\nAnd?</s>\n<|assistant|>\n",
    );
  });

  it("Zephyr's template and ours render the same", () => {
    const contents = ["", "a", " x \n", "{{ 1 }}", "<|user|>\n"];
    for (const content of contents) {
      for (const addGenerationPrompt of [true, false]) {
        const messages = rounds.map(({ role }) => ({ role, content }));
        const options = { ...tokens, addGenerationPrompt };
        const ours = renderChat(CHAT_STYLES.zephyr.template, messages, options);
        expect(ours).toBe(renderChat(PUBLISHED_LAYOUT, messages, options));
      }
    }
  });

  it("Llama-2", () => {
    const text = renderChat(CHAT_STYLES.llama2.template, rounds, tokens);
    expect(text).toBe("[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] And? [/INST]");
    const short = renderChat(CHAT_STYLES.llama2.template, [{ role: "user", content: " Hi " }], tokens);
    expect(short).toBe("[INST] Hi [/INST]");
  });

  it("Vicuna", () => {
    const text = renderChat(CHAT_STYLES.vicuna.template, rounds, tokens);
    expect(text).toBe("Be brief. USER: Hi ASSISTANT: Hello</s>USER: And? ASSISTANT:");
    const standard = renderChat(CHAT_STYLES.vicuna.template, rounds.slice(1, 2), tokens);
    expect(standard).toBe(
      "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, " +
        "detailed, and polite answers to the user's questions. USER: Hi ASSISTANT:",
    );
  });

  it("InfiMM-HD closes answers with <|endofchunk|>", () => {
    const options = { ...tokens, addGenerationPrompt: false };
    const done: TextMessage[] = [...rounds, { role: "assistant", content: "Yes" }];
    expect(renderChat(CHAT_STYLES.hd.template, done, options)).toBe(
      "Be brief. USER: Hi ASSISTANT: Hello<|endofchunk|> USER: And? ASSISTANT: Yes<|endofchunk|>",
    );
  });

  it("says that a template is wrong", () => {
    expect(() => renderChat("{% if %}", rounds, tokens)).toThrow("chat template:");
  });
});
