import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { captionPrompt } from "../evaluate/basePrompts.ts";
import { CHAT_STYLES } from "./text/chatStyles.ts";
import { makeImage } from "./pictures/image.ts";
import { Processor } from "./processor.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "./text/zephyrTokenizer.fixture.ts";
import { loadTextEngine } from "./text/textEngine.ts";

await loadTextEngine();

const config = { model_type: "infimm-zephyr", visual: { image_size: 4 } };
const files = { tokenizer: zephyrTokenizerJson(), tokenizerConfig: zephyrTokenizerConfig, config };
const processor = new Processor(files);
const flat = (value: number) => makeImage(4, 4, "RGB", new Uint8Array(48).fill(value));
const [black, white] = [flat(0), flat(255)];
const BLACK = Math.fround(-1.7922625541687012);
const WHITE = Math.fround(1.9303361);

/** The first value of each picture, row by row. */
function firstValues({ pixelValues, pixelShape }: { pixelValues: Float32Array; pixelShape: readonly number[] }) {
  const [, , , channels, height, width] = pixelShape;
  const size = channels * height * width;
  return Array.from({ length: pixelValues.length / size }, (_, i) => pixelValues[i * size]);
}

describe("Processor", () => {
  it("does the model card's example", () => {
    const content = [{ image: white }, "Please explain this image to me."];
    const output = processor.apply([{ role: "user", content }]);
    expect(output.text[0]).toMatch(/^<\|system\|>\n<\/s>\n<\|user\|>\n<\|endofchunk\|><image>Please/);
    expect(output.inputIds[0].length).toBe(35);
    expect([...output.inputIds[0].subarray(15, 19)]).toEqual([13, 32000, 32001, 5919]);
    expect(output.pixelShape).toEqual([1, 1, 1, 3, 4, 4]);
    expect(firstValues(output)[0]).toBeCloseTo(WHITE, 6);
  });

  it("shows one black picture where there is none, zeros where others have more", () => {
    const inputs = [
      [{ role: "user", content: "Hi" }],
      [{ role: "user", content: [{ image: white }, { image: white }, "Same?"] }],
      captionPrompt(black),
    ] as const;
    const output = processor.applyBatch(inputs);
    expect(output.pixelShape).toEqual([3, 2, 1, 3, 4, 4]);
    expect(firstValues(output)).toEqual([BLACK, 0, WHITE, WHITE, BLACK, 0].map((v) => expect.closeTo(v, 6)));
    expect(new Set(output.inputIds.map((row) => row.length)).size).toBe(1);
    expect(output.attentionMask.map((row) => row.at(-1))).toEqual([1, 1, 1]);
  });

  it("takes finished text, and counts", () => {
    expect([...processor.apply({ text: "<image>Output:", images: [white] }).inputIds[0]]).toEqual([
      1, 32001, 15985, 28747,
    ]);
    const wrong = () => processor.apply({ text: "<image> and <image>", images: [white] });
    expect(wrong).toThrow("the prompt has <image> tokens: 2, pictures: 1; each picture needs one token");
  });

  it("is not fooled by a message that spells <image>", () => {
    const output = processor.apply([{ role: "user", content: "What does <image> mean?</s>" }]);
    expect([...output.inputIds[0]].includes(32001)).toBe(false);
    expect(output.text[0]).toContain("What does <image> mean?</s></s>");
  });

  it("drops pictures whose tokens are truncated away; the original kept them", () => {
    const prompt = { text: "<image>a<image>b", images: [black, white] };
    expect([...processor.apply(prompt).inputIds[0]]).toEqual([1, 32001, 264, 32001, 287]);
    const cut = processor.apply(prompt, { maxLength: 3 });
    expect([...cut.inputIds[0]]).toEqual([1, 32001, 287]);
    expect(firstValues(cut)).toEqual([expect.closeTo(WHITE, 6)]);
    const original = processor.apply(prompt, { maxLength: 3, emulateOriginalBugs: true });
    expect(firstValues(original)).toEqual([expect.closeTo(BLACK, 6), expect.closeTo(WHITE, 6)]);
    const none = processor.apply(prompt, { maxLength: 2 });
    expect(firstValues(none)).toEqual([expect.closeTo(BLACK, 6)]);
  });

  it("tells the family from the config", () => {
    const style = (model_type: string, name?: string) =>
      new Processor({ ...files, config: { ...config, model_type, language: { _name_or_path: name } } }).style;
    expect(style("infimm-zephyr")).toBe(CHAT_STYLES.zephyr);
    expect(style("infimm-vicuna")).toBe(CHAT_STYLES.vicuna);
    expect(style("infimm-llama")).toBe(CHAT_STYLES.llama2);
    expect(style("infimm", "lmsys/vicuna-13b-v1.5")).toBe(CHAT_STYLES.vicuna);
    expect(style("infimm-hd", "lmsys/vicuna-13b-v1.5")).toBe(CHAT_STYLES.hd);
    expect(new Processor(files, { style: "vicuna" }).style).toBe(CHAT_STYLES.vicuna);
  });

  it("writes BOS once, whoever writes it", () => {
    const chatTemplate = "{{ bos_token }}{{ messages[1].content }}";
    const ids = processor.apply([{ role: "user", content: "Hi" }], { chatTemplate }).inputIds[0];
    expect([...ids]).toEqual([1, 15359]);
    const spelled = processor.apply([{ role: "user", content: "<s>Hi" }], { chatTemplate }).inputIds[0];
    expect([...spelled].filter((id) => id === 1)).toHaveLength(1);
    const original = processor.apply([{ role: "user", content: "Hi" }], { chatTemplate, emulateOriginalBugs: true });
    expect([...original.inputIds[0]]).toEqual([1, 1, 15359]);
    expect([...processor.apply({ text: "<s>Hi", images: [] }).inputIds[0]]).toEqual([1, 15359]);
  });

  it("gives templates what transformers gives them", () => {
    const chatTemplate = "{{ [bos_token, unk_token, pad_token, tools, documents, add_generation_prompt, mood] }}";
    const { text } = processor.render([{ role: "user", content: "Hi" }], {
      chatTemplate,
      documents: [{ title: "a" }],
      templateVariables: { mood: 1.5 },
    });
    expect(text).toBe("['<s>', '<unk>', '</s>', None, [{'title': 'a'}], True, 1.5]");
  });

  it("takes the last message up, or opens an answer, but not both", () => {
    const said = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Once upon " },
    ];
    const { text } = processor.render(said, { continueFinalMessage: true });
    expect(text).toBe("<|system|>\n</s>\n<|user|>\nHi</s>\n<|assistant|>\nOnce upon ");
    const both = () => processor.render(said, { continueFinalMessage: true, addGenerationPrompt: true });
    expect(both).toThrow("exclude each other");
    const without = () => processor.render(said, { continueFinalMessage: true, chatTemplate: "{{ 1 }}" });
    expect(without).toThrow("leaves the last message out");
  });

  it("chooses among several templates as transformers does", () => {
    const named = (names: string[]) => names.map((name) => ({ name, template: `${name}!` }));
    const several = (...names: string[]) =>
      new Processor({ ...files, tokenizerConfig: { ...zephyrTokenizerConfig, chat_template: named(names) } });
    const said = [{ role: "user", content: "Hi" }];
    const both = several("default", "tool_use", "rag");
    expect(both.render(said).text).toBe("default!");
    expect(both.render(said, { tools: [{}] }).text).toBe("tool_use!");
    expect(both.render(said, { tools: [{}], chatTemplate: "rag" }).text).toBe("rag!");
    expect(() => both.render(said, { chatTemplate: "rags" })).toThrow("it has default, tool_use, rag");
    expect(() => several("a", "b").render(said)).toThrow("no default; name one in chatTemplate: a, b");
    const own = new Processor({ ...files, chatTemplates: { default: "file!" } });
    expect(own.render(said).text).toBe("file!");
  });

  it("comes from a folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "infimm-"));
    const write = (name: string, content: unknown) => writeFileSync(join(folder, name), JSON.stringify(content));
    write("tokenizer.json", files.tokenizer);
    write("tokenizer_config.json", files.tokenizerConfig);
    await expect(Processor.fromPretrained(folder)).rejects.toThrow(`there is no file ${folder}/config.json`);
    write("config.json", {});
    await expect(Processor.fromPretrained(folder)).rejects.toThrow("visual.image_size");
    write("config.json", config);
    expect((await Processor.fromPretrained(folder)).imageSize).toBe(4);
    const templates = async () => (await Processor.fromPretrained(folder)).chatTemplates;
    expect(await templates()).toEqual({});
    write("tokenizer_config.json", { ...files.tokenizerConfig, chat_template: "config" });
    expect(await templates()).toEqual({ default: "config" });
    writeFileSync(join(folder, "chat_template.jinja"), "file");
    expect(await templates()).toEqual({ default: "file" });
    mkdirSync(join(folder, "additional_chat_templates"));
    writeFileSync(join(folder, "additional_chat_templates", "rag.jinja"), "rag");
    expect(await templates()).toEqual({ default: "file", rag: "rag" });
    write("chat_template.json", { chat_template: "old" });
    await expect(templates()).rejects.toThrow("chat_template.json and additional_chat_templates/rag.jinja exclude");
    write("processor_config.json", { chat_template: "processor" });
    expect(await templates()).toEqual({ default: "processor" });
    write("processor_config.json", { chat_template: 7 });
    await expect(templates()).rejects.toThrow("processor_config.json cannot be used: chat_template must be a text");
  });
});
