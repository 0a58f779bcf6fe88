import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import { readProcessorFiles } from "../checkpoint/processorFiles.ts";
import { Processor } from "../processor/processor.ts";
import type { Document } from "./documents.ts";
import { IGNORED } from "./labels.ts";
import { llavaConversation } from "./readers/llava.ts";
import { type Sample, sampleOf } from "./sample.ts";

/** What LLaVA's own preprocessing makes of made conversations: golden/export/export_llava.py. */
const golden: {
  pictures: { value: string; theirs: string }[];
  chats: { chat: string[]; ids: number[]; labels: number[]; ignored: boolean }[];
} = JSON.parse(readFileSync("golden/fixtures/samples/llava.json", "utf8"));

const files = await readProcessorFiles(await openCheckpoint("model/infimm-tiny"));
const vicuna = await Processor.from(files, { style: "vicuna" });
const { template } = vicuna.style;

const sampleOfChat = (chat: readonly string[]): Sample => {
  const document: Document = {
    id: "0",
    source: "llava",
    layout: "chat",
    parts: chat.map((text, i) => ({ text, learn: i % 2 === 1, role: i % 2 === 1 ? "assistant" : "user" })),
  };
  return sampleOf(document, vicuna, { maxLength: 4096, chatTemplate: template }) as Sample;
};

test("where LLaVA finds its own masks, ours are the same, token by token", () => {
  const right = golden.chats.filter(({ ignored }) => !ignored);
  expect(right.length).toBeGreaterThan(3);
  for (const { chat, ids, labels } of right) {
    const sample = sampleOfChat(chat);
    expect(sample.inputIds).toEqual(ids);
    expect(sample.labels).toEqual(labels);
  }
});

test('where it gives a conversation up as a "tokenization mismatch", ours counts the answers all the same', () => {
  const lost = golden.chats.filter(({ ignored }) => ignored);
  expect(lost.length).toBeGreaterThan(0);
  for (const { chat, ids, labels } of lost) {
    expect(labels.every((label) => label === IGNORED)).toBe(true);
    const sample = sampleOfChat(chat);
    expect(sample.inputIds).toEqual(ids);
    const said = vicuna.tokenizer.decode(sample.labels.filter((label) => label !== IGNORED));
    expect(said.replaceAll("</s>", "|").replaceAll(" ", "")).toBe(`${chat[1]}|${chat[3]}|`.replaceAll(" ", ""));
  }
});

test("<image> is taken out of the texts as LLaVA takes it out, wherever it stands", () => {
  for (const { value, theirs } of golden.pictures) {
    const conversations = [
      { from: "human", value },
      { from: "gpt", value: "A dog." },
    ];
    const { turns, pictures } = llavaConversation({ id: 1, image: "a.jpg", conversations }, "record");
    expect(turns[0].text).toBe(theirs.replace(/^<image>\n?/, ""));
    expect(pictures).toEqual([1, 0]);
  }
});
