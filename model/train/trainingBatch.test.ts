import { expect, test } from "vitest";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import { readProcessorFiles } from "../checkpoint/processorFiles.ts";
import { makeImage } from "../processor/pictures/image.ts";
import { Processor } from "../processor/processor.ts";
import type { Message } from "../processor/text/prompt.ts";
import { IGNORED } from "./labels.ts";
import { trainingBatch } from "./trainingBatch.ts";

const processor = await Processor.fromPretrained("model/infimm-tiny");
const image = makeImage(8, 8, "RGB", new Uint8Array(192).fill(99));
const user = (text: string): Message => ({ role: "user", content: text });
const assistant = (text: string): Message => ({ role: "assistant", content: text });
const ROUNDS: Message[] = [
  { role: "user", content: [{ image }, "What is this?"] },
  assistant("A dog."),
  user("How many?"),
  assistant("One, I think."),
];

/** What counts, as text, answer by answer. */
function countedIn(labels: Int32Array): string[] {
  const runs: number[][] = [[]];
  for (const id of labels) id === IGNORED ? runs.push([]) : runs.at(-1)!.push(id);
  return runs.filter((run) => run.length > 0).map((run) => processor.tokenizer.decode(run));
}

test("only answers count, and what closes them", () => {
  const { labels, inputIds, pixelShape } = trainingBatch(processor, [ROUNDS, ROUNDS.slice(0, 2)]);
  expect(countedIn(labels[0])).toEqual(["A dog.</s>", "One, I think.</s>"]);
  expect(countedIn(labels[1])).toEqual(["A dog.</s>"]); // padded on the left
  expect(pixelShape[0]).toBe(2);
  for (const [b, row] of labels.entries()) {
    row.forEach((label, t) => {
      if (label !== IGNORED) expect(label).toBe(inputIds[b][t]);
    });
  }
});

test("an answer that a question follows counts alone, and nothing opens a next one", () => {
  const { labels, text } = trainingBatch(processor, [ROUNDS.slice(0, 3)]);
  expect(countedIn(labels[0])).toEqual(["A dog.</s>"]);
  expect(text[0].endsWith("<|assistant|>\n")).toBe(false);
});

test("all tokens count if asked for, but padding and pictures", () => {
  const { labels, inputIds, attentionMask } = trainingBatch(processor, [ROUNDS, ROUNDS.slice(0, 2)], { count: "all" });
  for (const [b, row] of labels.entries()) {
    const wanted = Array.from(inputIds[b], (id, t) =>
      attentionMask[b][t] && id !== processor.imageTokenId ? id : IGNORED,
    );
    expect([...row]).toEqual(wanted);
  }
});

test("a conversation without an answer is refused: its loss would be NaN", () => {
  expect(() => trainingBatch(processor, [ROUNDS.slice(0, 1)])).toThrow("the conversation has no answer");
});

test("a template that changes what stood before is refused, not counted wrongly", async () => {
  const files = await readProcessorFiles(await openCheckpoint("model/infimm-tiny"));
  const odd = new Processor({ ...files, chatTemplates: { default: "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}" } }); // biome-ignore format: one line
  const rounds = [user("a"), assistant("b"), user("c"), assistant("d")];
  expect(() => trainingBatch(odd, [rounds])).toThrow("does not tell which tokens answer 1 takes");
  expect(trainingBatch(odd, [rounds], { count: "all" }).labels).toHaveLength(1);
});
