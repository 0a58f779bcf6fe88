import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import { readProcessorFiles } from "../checkpoint/processorFiles.ts";
import { makeImage } from "../processor/pictures/image.ts";
import { Processor } from "../processor/processor.ts";
import { CHAT_STYLES, type ChatStyleName } from "../processor/text/chatStyles.ts";
import { zephyrTokenizerConfig, zephyrTokenizerJson } from "../processor/text/zephyrTokenizer.fixture.ts";
import { messagesOf } from "./chatLayout.ts";
import { collate } from "./collate.ts";
import { type Document, isText, type Layout, type Part } from "./documents.ts";
import { IGNORED } from "./labels.ts";
import { preparer } from "./prepare.ts";
import { type Sample, type SampleOptions, sampleOf } from "./sample.ts";

const files = await readProcessorFiles(await openCheckpoint("model/infimm-tiny"));
const tiny = await Processor.from(files);
const picture = { path: "p.png" };
const learn = (text: string): Part => ({ text, learn: true });
const said = (text: string): Part => ({ text, learn: false });
const user = (text: string): Part => ({ text, learn: false, role: "user" });
const answer = (text: string): Part => ({ text, learn: true, role: "assistant" });
const doc = (layout: Layout, ...parts: Part[]): Document => ({ id: "0", source: "made", layout, parts });
const sampled = (document: Document, options: SampleOptions = {}, processor = tiny) =>
  sampleOf(document, processor, options) as Sample;

/** What counts, run by run, as it stands in the text. */
function countedIn({ text, starts, labels }: Sample): string[] {
  const runs: string[] = [];
  for (const [t, label] of labels.entries()) {
    if (label === IGNORED) continue;
    const token = text.slice(starts[t], starts[t + 1] ?? text.length);
    if (t > 0 && labels[t - 1] !== IGNORED) runs[runs.length - 1] += token;
    else runs.push(token);
  }
  return runs;
}

describe("layouts: the text, and what of it bears loss", () => {
  test("pair", () => {
    const sample = sampled(doc("pair", picture, learn("  a dog\n")));
    expect(sample.text).toBe("<image>a dog<|endofchunk|></s>");
    expect(countedIn(sample)).toEqual(["a dog<|endofchunk|></s>"]);
  });

  test("interleaved: from each picture to the end of its chunk", () => {
    const parts = [
      learn("One."),
      learn("Two."),
      picture,
      learn("A dog."),
      learn("Its owner."),
      picture,
      learn("A cat."),
    ];
    const sample = sampled(doc("interleaved", ...parts));
    expect(sample.text).toBe("One. Two.<image>A dog. Its owner.<|endofchunk|><image>A cat.<|endofchunk|></s>");
    expect(countedIn(sample)).toEqual(["A dog. Its owner.<|endofchunk|>", "A cat.<|endofchunk|>"]);
    expect(sample.pictures).toHaveLength(2);
  });

  test("web: paragraphs, pictures where the page has them, the text before them on request", () => {
    const web = doc("web", learn("Title"), learn("Intro"), picture, picture, learn("Below"));
    const sample = sampled(web);
    expect(sample.text).toBe("Title\n\nIntro<image><|endofchunk|><image>Below<|endofchunk|></s>");
    expect(countedIn(sample)).toEqual(["<|endofchunk|>", "Below<|endofchunk|>"]);
    expect(countedIn(sampled(web, { textBeforeImages: true }))[0]).toBe("Title\n\nIntro");
  });

  test("task: an answer is closed, the last one by </s> as well", () => {
    const one = sampled(doc("task", picture, said("What?\nShort answer:"), learn("dog")));
    expect(one.text).toBe("<image>What?\nShort answer:\ndog<|endofchunk|></s>");
    expect(countedIn(one)).toEqual(["dog<|endofchunk|></s>"]);
    const two = sampled(doc("task", picture, said("What?"), learn("dog"), picture, said("How many?"), learn("two")));
    expect(two.text).toBe("<image>What?\ndog<|endofchunk|><image>How many?\ntwo<|endofchunk|></s>");
    expect(countedIn(two)).toEqual(["dog<|endofchunk|>", "two<|endofchunk|></s>"]);
  });

  test("plain: as it stands", () => {
    const sample = sampled(doc("plain", said("scene : red circle . "), said("what ? "), learn("circle")));
    expect(sample.text).toBe("scene : red circle . what ? circle</s>");
    expect(countedIn(sample)).toEqual([" circle</s>"]); // the space is in the answer's first token
  });

  test("chat: answers and what closes them; pictures stand before their turn's text", () => {
    const sample = sampled(doc("chat", picture, user("What?"), answer("A dog."), user("Sure?"), answer("Yes.")));
    expect(sample.text).toContain("<|user|>\n<|endofchunk|><image>What?</s>\n<|assistant|>\nA dog.</s>\n");
    expect(countedIn(sample)).toEqual(["A dog.</s>", "Yes.</s>"]);
  });

  test("labels stand under their own tokens: the loss does the shift", () => {
    const { inputIds, labels } = sampled(doc("pair", picture, learn("a dog")));
    expect(labels.slice(2)).toEqual(inputIds.slice(2));
    expect(labels.slice(0, 2)).toEqual([IGNORED, IGNORED]); // BOS, <image>
  });

  test("<image> is never a target, wherever it stands", () => {
    const all = sampled(doc("interleaved", picture, learn("a"), picture, learn("b"), picture, learn("c")));
    for (const [t, id] of all.inputIds.entries()) if (id === tiny.imageTokenId) expect(all.labels[t]).toBe(IGNORED);
    expect(all.labels.filter((label) => label !== IGNORED).length).toBeGreaterThan(5);
  });
});

describe("an answer's first token counts and the prompt's last does not, in every family's template", () => {
  const zephyr = { ...files, tokenizer: zephyrTokenizerJson(), tokenizerConfig: zephyrTokenizerConfig };
  test.each(Object.keys(CHAT_STYLES) as ChatStyleName[])("%s", (style) => {
    for (const processor of [new Processor({ ...zephyr, chatTemplates: undefined }, { style })]) {
      const document = doc(
        "chat",
        picture,
        user("What is it?"),
        answer("Pink sky."),
        user("And?"),
        answer("Blue sea."),
      );
      const { inputIds, labels } = sampled(document, {}, processor);
      const messages = messagesOf(document);
      for (const count of [1, 3]) {
        const prompt = processor.render(messages.slice(0, count), { addGenerationPrompt: true }).text;
        const length = processor.tokenizer.encode(prompt).length;
        expect(inputIds.slice(0, length)).toEqual(processor.tokenizer.encode(prompt));
        expect(labels[length - 1]).toBe(IGNORED);
        expect(labels[length]).toBe(inputIds[length]);
      }
      const counted = labels.filter((label) => label !== IGNORED);
      const closing = style === "hd" ? "<|endofchunk|>" : "</s>";
      expect(processor.tokenizer.decode(counted).replaceAll(" ", "")).toBe(`Pinksky.${closing}Bluesea.${closing}`);
    }
  });
});

test("what a record spells never becomes a token, alone or across parts", () => {
  const sample = sampled(doc("pair", picture, learn("a <image> in a </s> caption <|endofchunk|>")));
  expect(sample.inputIds.filter((id) => tiny.tokenizer.isSpecial(id))).toEqual(
    ["<s>", "<image>", "<|endofchunk|>", "</s>"].map((token) => tiny.tokenizer.tokenToId(token)),
  );
  const apart = sampled(doc("plain", picture, said("<ima"), learn("ge>")));
  expect(apart.inputIds.filter((id) => id === tiny.imageTokenId)).toHaveLength(1);
  const chat = sampled(doc("chat", user("say </s>\n<|assistant|>\nNo"), answer("</s> is <image>")));
  expect(countedIn(chat)).toEqual(["</s> is <image></s>"]);
});

describe("cutting", () => {
  const long = doc("interleaved", picture, learn("a dog and a cat"), picture, learn("a bird and a fish"));

  test("on the right, and pictures go with their tokens", () => {
    const whole = sampled(long);
    const second = whole.inputIds.lastIndexOf(tiny.imageTokenId);
    expect(sampled(long, { maxLength: second }).pictures).toHaveLength(1);
    expect(sampled(long, { maxLength: second + 1 }).pictures).toHaveLength(2);
    expect(sampled(long, { maxLength: second + 1 }).inputIds).toEqual(whole.inputIds.slice(0, second + 1));
  });

  test("documents get no more pictures than six; chats end before the seventh", () => {
    const seven = Array.from({ length: 7 }, (_, i) => [picture, learn(`text ${i}`)]).flat();
    const document = sampled(doc("interleaved", ...seven));
    expect(document.pictures).toHaveLength(6);
    expect(document.text).toContain("text 5 text 6<|endofchunk|>");
    const turns = Array.from({ length: 7 }, (_, i) => [picture, user(`q ${i}`), answer(`a ${i}`)]).flat();
    const chat = sampled(doc("chat", ...turns));
    expect(chat.pictures).toHaveLength(6);
    expect(countedIn(chat)).toHaveLength(6);
    expect(sampled(doc("chat", ...turns), { maxPictures: 2 }).pictures).toHaveLength(2);
  });

  test("what is left without a picture or a target is left out, with the reason", () => {
    const reason = (document: Document, options: SampleOptions = {}) => sampleOf(document, tiny, options);
    expect(reason(doc("pair", learn("a dog")))).toEqual({ leftOut: "no picture left", detail: "made 0" });
    const late = doc("interleaved", learn("a"), picture, learn("b"));
    const at = sampled(late).inputIds.indexOf(tiny.imageTokenId);
    expect(reason(late, { maxLength: at })).toMatchObject({ leftOut: "no picture left" });
    expect(reason(late, { maxLength: at + 1 })).toMatchObject({ leftOut: "nothing after its only picture" });
    expect(reason(doc("chat", user("a"), answer("b")), { maxLength: 4 })).toMatchObject({
      leftOut: "nothing to learn",
    });
    expect(reason(doc("chat", user("a")))).toMatchObject({ leftOut: "nothing to learn" });
  });
});

test("a text-only chat has no picture; with others it gets zeros, alone one zero picture", async () => {
  const prepare = preparer(tiny);
  const size = tiny.imageSize;
  const grey = { pixels: makeImage(8, 8, "RGB", new Uint8Array(192).fill(99)) };
  const made = async (document: Document) => (await prepare(document)) as Parameters<typeof collate>[0][number];
  const text = await made(doc("chat", user("a"), answer("bird")));
  const seen = await made(doc("chat", grey, user("a longer question"), answer("b"), grey, user("and"), answer("c")));
  const alone = collate([text], tiny);
  expect(alone.pixelShape).toEqual([1, 1, 1, 3, size, size]);
  expect(alone.pixelValues.every((value) => value === 0)).toBe(true);
  const batch = collate([text, seen], tiny);
  expect(batch.pixelShape.slice(0, 2)).toEqual([2, 2]);
  const half = batch.pixelValues.length / 2;
  expect(batch.pixelValues.subarray(0, half).every((value) => value === 0)).toBe(true);
  expect(batch.pixelValues.subarray(half).every((value) => value !== 0)).toBe(true);
  expect(batch.textTime[1].at(-1)).toBe(2);
});

test("padding is on the right, told by the mask, and never counted, though its id ends answers", async () => {
  const prepare = preparer(tiny);
  const made = async (document: Document) => (await prepare(document)) as Parameters<typeof collate>[0][number];
  const samples = [
    await made(doc("chat", user("a"), answer("b"))),
    await made(doc("chat", user("a much longer one"), answer("b and c"))),
  ];
  const batch = collate(samples, tiny);
  const { length } = samples[0].inputIds;
  const padId = tiny.tokenizer.padId;
  expect(padId).toBe(tiny.tokenizer.tokenToId("</s>"));
  expect(new Set(batch.inputIds[0].subarray(length))).toEqual(new Set([padId]));
  expect([...batch.attentionMask[0]]).toEqual(Array.from(batch.inputIds[0], (_, t) => (t < length ? 1 : 0)));
  expect(batch.labels[0].subarray(length).every((label) => label === IGNORED)).toBe(true);
  expect(batch.labels[0][batch.inputIds[0].indexOf(padId, length - 3)]).toBe(padId); // the answer's </s> counts
  expect(batch.targets).toBe(samples.flatMap(({ labels }) => labels).filter((label) => label !== IGNORED).length);
});

test("media placement: about that share of documents look at the picture after them, the same ones each time", async () => {
  const document = (id: number): Document => ({ ...doc("interleaved", learn("x"), picture, learn("a"), picture, learn("b")), id: String(id) }); // biome-ignore format: one line
  const ahead = (mediaPlacement: number) =>
    Array.from({ length: 200 }, (_, id) => sampled(document(id), { mediaPlacement }).looksAhead);
  expect(ahead(0)).not.toContain(true);
  expect(ahead(1)).not.toContain(false);
  const half = ahead(0.5);
  expect(half.filter((one) => one).length).toBeGreaterThan(75);
  expect(half.filter((one) => one).length).toBeLessThan(125);
  expect(ahead(0.5)).toEqual(half);
  const pixels = [new Float32Array(3), new Float32Array(3)];
  const sample = { ...sampled(document(0)), pixels };
  const times = (looksAhead: boolean) => [...collate([{ ...sample, looksAhead }], { ...tiny, tokenizer: tiny.tokenizer, imageSize: 1, imageTokenId: tiny.imageTokenId } as Processor).textTime[0]]; // biome-ignore format: one line
  const images = sample.inputIds.flatMap((id, t) => (id === tiny.imageTokenId ? [t] : []));
  const count = (t: number) => images.filter((at) => at <= t).length;
  expect(times(false)).toEqual(sample.inputIds.map((_, t) => count(t)));
  expect(times(true)).toEqual(sample.inputIds.map((_, t) => Math.min(2, count(t) + 1)));
});

test("a picture that is missing or broken leaves the document out, by reason", async () => {
  const prepare = preparer(tiny);
  expect(await prepare(doc("pair", { path: "/no/such.png" }, learn("a")))).toMatchObject({
    leftOut: "no picture file",
  });
  const broken = { bytes: new TextEncoder().encode("not a picture") };
  expect(await prepare(doc("pair", broken, learn("a")))).toMatchObject({ leftOut: "picture not decodable" });
  const found = await prepare(doc("pair", { path: "model/infimm-tiny/pictures/dog.png" }, learn("a")));
  expect(found).toMatchObject({ pixels: [expect.any(Float32Array)] });
  expect(doc("pair", picture).parts.some(isText)).toBe(false);
});

test("numbers that cannot be are refused", () => {
  expect(() => preparer(tiny, { maxLength: 0 })).toThrow("maxLength must be a whole number, 1 or more, got 0");
  expect(() => preparer(tiny, { maxPictures: 1.5 })).toThrow("maxPictures must be a whole number");
  expect(() => preparer(tiny, { mediaPlacement: 2 })).toThrow("mediaPlacement must be a number from 0 to 1");
});
