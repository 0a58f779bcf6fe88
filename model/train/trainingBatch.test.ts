import { expect, test } from "vitest";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import { readProcessorFiles } from "../checkpoint/processorFiles.ts";
import { makeImage } from "../processor/pictures/image.ts";
import { Processor } from "../processor/processor.ts";
import type { Message } from "../processor/text/prompt.ts";
import { IGNORED } from "./labels.ts";
import { trainingBatch } from "./trainingBatch.ts";
import { loadTextEngine } from "../processor/text/textEngine.ts";

await loadTextEngine();

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
  expect(countedIn(labels[1])).toEqual(["A dog.</s>"]); // padded on the right
  expect(pixelShape[0]).toBe(2);
  for (const [b, row] of labels.entries()) {
    row.forEach((label, t) => {
      if (label !== IGNORED) expect(label).toBe(inputIds[b][t]);
    });
  }
});

test("an answer that a question follows counts alone, and nothing opens a next one", () => {
  const { labels, samples } = trainingBatch(processor, [ROUNDS.slice(0, 3)]);
  expect(countedIn(labels[0])).toEqual(["A dog.</s>"]);
  expect(samples[0].text.endsWith("<|assistant|>\n")).toBe(false);
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
  expect(() => trainingBatch(processor, [ROUNDS.slice(0, 1)])).toThrow("conversation 0 has no answer");
});

test("an answer that was cut off by the length is refused, too", () => {
  expect(() => trainingBatch(processor, [ROUNDS], { maxLength: 10 })).toThrow("nothing to learn");
});

const files = await readProcessorFiles(await openCheckpoint("model/infimm-tiny"));
const withTemplate = (template: string) => new Processor({ ...files, chatTemplates: { default: template } });
const rounds = [user("a"), assistant("b"), user("c"), assistant("d")];

test("a template that writes the beginning otherwise once more follows is no trap: places are seen, not counted", () => {
  const odd = withTemplate("{{ messages | length }}{% for m in messages %} {{ m.content }}{% endfor %}");
  expect(countedIn(trainingBatch(odd, [rounds]).labels[0])).toEqual(["b", "d"]);
});

test("a template that writes an answer twice, or hides it, is refused, not counted wrongly", () => {
  const twice = withTemplate("{% for m in messages %} {{ m.content }}{{ m.content }}{% endfor %}");
  expect(() => trainingBatch(twice, [rounds])).toThrow("does not tell where answers stand");
  const hides = withTemplate("{% for m in messages %} {{ m.content[1:] or m.content }}{% endfor %}");
  expect(() => trainingBatch(hides, [rounds])).toThrow("does not tell where answers stand");
  expect(trainingBatch(twice, [rounds], { count: "all" }).labels).toHaveLength(1);
});
