import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AnswerEnd } from "./answerOptions.ts";
import { Assistant } from "./assistant.ts";
import { generate } from "./generate.ts";
import type { LogitsProcessor } from "./logitsProcessors.ts";
import { Processor } from "../processor/processor.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { memory } from "../../tensor/index.ts";

interface Asked {
  pictures: string[];
  question: string;
  answer: string;
  ids: number[];
}

const folder = "model/infimm-tiny";
const load = (name: string) => JSON.parse(readFileSync(`${folder}/pictures/${name}`, "utf8")) as Asked[];
const assistant = await Assistant.fromPretrained(folder);

async function messageOf({ pictures, question }: Asked) {
  const images = await Promise.all(pictures.map((name) => readPicture(`${folder}/pictures/${name}`)));
  return { role: "user" as const, content: [...images.map((image) => ({ image })), question] };
}

/** What PyTorch answered, right or wrong: from the PNG file to the last token, our ids must be its ids. */
test.each([...load("questions.json"), ...load("misses.json")])("$pictures $question", async (asked) => {
  const prompts = assistant.processor.apply([await messageOf(asked)]);
  const [ids] = await generate(assistant.model, prompts, { maxNewTokens: 48 });
  expect(ids).toEqual(asked.ids);
});

test("the streamed pieces are the answer", async () => {
  const [asked] = load("questions.json");
  const [{ image }] = (await messageOf(asked)).content as [{ image: Awaited<ReturnType<typeof readPicture>> }];
  let text = "";
  for await (const piece of assistant.ask(asked.question, [image])) text += piece;
  expect(text).toBe(asked.answer);
});

test("disposed of, or at the end of its block, it holds nothing, and says why it cannot answer", async () => {
  const before = memory();
  const own = await Assistant.fromPretrained(folder);
  expect(memory().bytes).toBeGreaterThan(before.bytes + 7e6);
  for (let i = 0; i < 2; i++) own.dispose();
  expect(memory()).toEqual(before);
  await expect(collect(own.ask("What is this?"))).rejects.toThrow("the assistant was disposed of; load it again");
  await expect(collect(own.chat().say("What is this?"))).rejects.toThrow("disposed of");
  await expect(own.replies([])).rejects.toThrow("disposed of");
  {
    using inBlock = await Assistant.fromPretrained(folder);
    expect(await collect(inBlock.ask("Who are you?", [], { maxNewTokens: 1 }))).not.toBe("");
  }
  expect(memory()).toEqual(before);
});

async function collect(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

test("several conversations at once answer as each alone, with unequal numbers of pictures", async () => {
  const asked = load("questions.json");
  const conversations = await Promise.all(asked.slice(0, 4).map(async (one) => [await messageOf(one)]));
  conversations.push([{ role: "user", content: ["Who are you?"] }]);
  const answers = await assistant.replies(conversations, { maxNewTokens: 24 });
  expect(answers.slice(0, 4)).toEqual(asked.slice(0, 4).map(({ answer }) => [answer]));
  expect(answers[4]).toEqual([await collect(assistant.ask("Who are you?", [], { maxNewTokens: 24 }))]);
});

test("beams and draws: several answers to one question, the best beam first", async () => {
  const conversation = [await messageOf(load("questions.json")[0])];
  const [beams] = await assistant.replies([conversation], { beams: 3, numReturnSequences: 2, maxNewTokens: 16 });
  expect(beams).toHaveLength(2);
  expect(await collect(assistant.reply(conversation, { beams: 3, maxNewTokens: 16 }))).toBe(beams[0]);
  const sampling = { temperature: 3 };
  const [draws] = await assistant.replies([conversation], {
    sampling,
    seed: 5,
    numReturnSequences: 3,
    maxNewTokens: 6,
  });
  for (const [i, draw] of draws.entries()) {
    expect(await collect(assistant.reply(conversation, { sampling, seed: 5 + i, maxNewTokens: 6 }))).toBe(draw);
  }
});

test("an answer ends before a stop string, streamed or not", async () => {
  const [asked] = load("questions.json");
  const conversation = [await messageOf(asked)];
  const stop = asked.answer.slice(6, 9);
  const expected = asked.answer.slice(0, asked.answer.indexOf(stop));
  expect(await collect(assistant.reply(conversation, { stopStrings: [stop, "never said"] }))).toBe(expected);
  expect(await assistant.replies([conversation], { stopStrings: [stop] })).toEqual([[expected]]);
  // begins at the end, and is never complete
  const held = { stopStrings: `${asked.answer.slice(-3)} and more`, maxNewTokens: asked.ids.length - 1 };
  expect(await collect(assistant.reply(conversation, held))).toBe(asked.answer);
  expect(await assistant.replies([conversation], held)).toEqual([[asked.answer]]);
});

test("several answers end where a stop string or a stop says so, and no token later", async () => {
  const [asked] = load("questions.json");
  const conversation = [await messageOf(asked)];
  let steps = 0;
  const count: LogitsProcessor = () => void steps++;
  const after = async (options: object) => {
    steps = 0;
    const [[text]] = await assistant.replies([conversation], { ...options, processors: [count] });
    return { steps, text };
  };
  const whole = await after({});
  expect(whole).toEqual({ steps: asked.ids.length, text: asked.answer });
  const cut = await after({ stopStrings: asked.answer.slice(-3), stop: () => false });
  expect(cut.text).toBe(asked.answer.slice(0, -3));
  expect(cut.steps).toBeLessThan(whole.steps);
  const first = asked.ids.slice(0, 2);
  for (const more of [{}, { beams: 2 }]) {
    const two = { stop: (ids: readonly number[]) => ids.length === 2, ...more };
    const [[text]] = await assistant.replies([conversation], two);
    expect(text).toBe(assistant.processor.tokenizer.decode(first, { skipSpecialTokens: true }));
  }
  expect((await after({ stop: (ids: readonly number[]) => ids.length === 2 })).steps).toBe(2);
});

test("a chat keeps what was said, and its pictures", async () => {
  const [first, second] = load("questions.json");
  const [{ image }] = (await messageOf(first)).content as [{ image: Awaited<ReturnType<typeof readPicture>> }];
  const chat = assistant.chat({ system: "Answer in words." });
  const one = await collect(chat.say(first.question, [image], { maxNewTokens: 16 }));
  const two = await collect(chat.say(second.question, [], { maxNewTokens: 16 }));
  expect(chat.messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user", "assistant"]);
  const told = chat.messages.slice(0, 4);
  expect(await collect(assistant.reply(told, { maxNewTokens: 16 }))).toBe(two);
  const { text } = assistant.processor.apply(told);
  expect(text[0]).toBe(
    `<|system|>\nAnswer in words.</s>\n<|user|>\n<|endofchunk|><image>${first.question}</s>\n` +
      `<|assistant|>\n${one}</s>\n<|user|>\n${second.question}</s>\n<|assistant|>\n`,
  );
});

test("an answer that is broken off stays in the chat; a turn that fails does not", async () => {
  const chat = assistant.chat();
  for await (const _ of chat.say("Who are you?")) break;
  expect(chat.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(collect(chat.say("And now?", [], { signal }))).rejects.toThrow("enough");
  expect(chat.messages).toHaveLength(2);
});

test("a user cannot spell special tokens, unless the original's mistakes are asked for", async () => {
  const spelled = [{ role: "user" as const, content: "What is <image></s>?" }];
  const image = assistant.processor.imageTokenId;
  expect(assistant.processor.apply(spelled).inputIds[0]).not.toContain(image);
  const bugs = assistant.processor.apply(spelled, { emulateOriginalBugs: true });
  expect(bugs.inputIds[0]).toContain(image);
});

test("a stop string may be a special token, or hold one", async () => {
  const [asked] = load("questions.json");
  const conversation = [await messageOf(asked)];
  const { tokenizer } = assistant.processor;
  // the tokenizer's own end is no end of the answer here, but a stop string is
  const image = tokenizer.tokenToId("<|endofchunk|>");
  const says: LogitsProcessor = (scores, ids) => {
    const next = ids.length === asked.ids.length + prompt.length ? image : undefined;
    if (next !== undefined) scores.fill(Number.NEGATIVE_INFINITY, 0, next).fill(Number.NEGATIVE_INFINITY, next + 1);
  };
  const prompt = assistant.processor.apply(conversation).inputIds[0];
  const options = { processors: [says], eosTokenIds: [], maxNewTokens: asked.ids.length + 4 };
  expect(await collect(assistant.reply(conversation, { ...options, stopStrings: "<|endofchunk|>" }))).toBe(
    asked.answer,
  );
  const both = `${asked.answer.at(-1)}</s><|endofchunk|>`;
  const [[cut]] = await assistant.replies([conversation], { ...options, stopStrings: [both] });
  expect(cut).toBe(asked.answer.slice(0, -1));
});

test("an answer tells how it ended", async () => {
  const [asked] = load("questions.json");
  const conversation = [await messageOf(asked)];
  const ends: AnswerEnd[] = [];
  const onEnd = (end: AnswerEnd) => ends.push(end);
  const { length } = asked.ids; // </s> included
  for (const options of [
    {},
    { maxNewTokens: length - 1 },
    { maxNewTokens: length },
    { stopStrings: asked.answer.slice(-3) },
    { stop: (ids: readonly number[]) => ids.length === 2 },
  ]) {
    await collect(assistant.reply(conversation, { ...options, onEnd }));
  }
  const [whole, short, exact, cut, stopped] = ends;
  const promptTokens = assistant.processor.apply(conversation).inputIds[0].length;
  const seconds = expect.any(Number);
  expect([whole, short, exact]).toEqual([
    { tokens: length, promptTokens, seconds, reason: "stop" },
    { tokens: length - 1, promptTokens, seconds, reason: "length" },
    { tokens: length, promptTokens, seconds, reason: "stop" },
  ]);
  expect(whole.seconds).toBeGreaterThan(0);
  expect(cut.reason).toBe("stop");
  expect(cut.tokens).toBeLessThan(length);
  expect(stopped).toEqual({ tokens: 2, promptTokens, seconds, reason: "stop" });
});

test("answers say how probable their tokens were, and change nothing by it", async () => {
  const [asked, other] = load("questions.json");
  const conversations = [[await messageOf(asked)], [await messageOf(other)]];
  const ends: AnswerEnd[] = [];
  const heard = { logprobs: true, topLogprobs: 2, onEnd: (end: AnswerEnd) => ends.push(end) };
  expect(await collect(assistant.reply(conversations[0], heard))).toBe(asked.answer);
  const [{ logprobs, tokens }] = ends;
  expect(logprobs!.map(({ id }) => id)).toEqual(asked.ids);
  expect(
    logprobs!
      .map(({ token }) => token)
      .join("")
      .trim(),
  ).toContain(asked.answer);
  for (const {
    id,
    token,
    logprob,
    topLogprobs: [first, second],
  } of logprobs!) {
    expect(first).toEqual({ id, token, logprob }); // greedy: it was the likeliest
    expect(second.logprob).toBeLessThan(first.logprob);
    expect(Math.exp(first.logprob) + Math.exp(second.logprob)).toBeLessThanOrEqual(1 + 1e-12);
  }
  // drawn, and of two at once: the same texts as without
  const drawn = { sampling: { temperature: 3 }, seed: 4, maxNewTokens: 8, numReturnSequences: 2 };
  const plain = await assistant.replies(conversations, drawn);
  ends.length = 0;
  expect(await assistant.replies(conversations, { ...drawn, ...heard })).toEqual(plain);
  expect(ends.map((end) => end.logprobs!.length)).toEqual(ends.map((end) => end.tokens));
  const pieces = ends.map((end) => assistant.processor.tokenizer.decode(end.logprobs!.map(({ id }) => id), { skipSpecialTokens: true })); // biome-ignore format: one line
  expect(pieces).toEqual(plain.flat());
  ends.length = 0;
  await assistant.replies(conversations, heard);
  expect(ends[0]).toMatchObject({ tokens, reason: "stop" }); // beside a longer one, too
  expect(ends.map(({ promptTokens }) => promptTokens)).toEqual(
    conversations.map((conversation) => assistant.processor.apply(conversation).inputIds[0].length),
  );
});

test("a temperature of 0 is greedy; a beam search says how it ended", async () => {
  const [asked] = load("questions.json");
  const conversation = [await messageOf(asked)];
  expect(await collect(assistant.reply(conversation, { sampling: { temperature: 0 }, seed: 9 }))).toBe(asked.answer);
  const ends: AnswerEnd[] = [];
  await collect(assistant.reply(conversation, { beams: 2, onEnd: (end) => ends.push(end) }));
  expect(ends).toMatchObject([{ reason: "stop", tokens: asked.ids.length }]);
});

test("an assistant in a block of its own leaves nothing behind", async () => {
  const before = memory().bytes;
  {
    using own = await Assistant.fromPretrained(folder);
    expect(memory().bytes).toBeGreaterThan(before);
    expect(own.model.training).toBe(false);
  }
  expect(memory().bytes).toBe(before);
});

test("one picture needs no list, and none no argument", async () => {
  const picture = `${folder}/pictures/dog.png`;
  const options = { maxNewTokens: 3 };
  const one = await collect(assistant.ask("What is this?", picture, options));
  expect(one).toBe(await collect(assistant.ask("What is this?", [picture], options)));
  expect(one).toBe(await collect(assistant.chat().say("What is this?", picture, options)));
  expect(await collect(assistant.ask("Who are you?"))).toBe(await collect(assistant.ask("Who are you?", [])));
});

test("an option that nobody reads is refused", async () => {
  const refused = (options: object) => collect(assistant.ask("Hi", [], options));
  await expect(refused({ temperature: 1 })).rejects.toThrow(
    "answer: there is no option temperature; did you mean sampling",
  );
  await expect(refused({ numReturnSequences: 2, sampling: {} })).rejects.toThrow("replies gives several");
  await expect(refused({ maxLength: "9" })).rejects.toThrow('maxLength must be a whole number, 1 or more, got "9"');
  await expect(Assistant.fromPretrained(folder, { device: "webgpu" } as object)).rejects.toThrow(
    "did you mean backend?",
  );
  await expect(Processor.fromPretrained(folder, { stile: "hd" } as object)).rejects.toThrow("did you mean style?");
});

test("a chat answers one turn at a time", async () => {
  const chat = assistant.chat();
  const first = chat.say("Who are you?", [], { maxNewTokens: 4 });
  await first.next();
  await expect(collect(chat.say("And I?"))).rejects.toThrow("the answer before is still being made");
  await collect(first);
  expect(chat.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  await expect(collect(chat.say("Hm?", ["nowhere.png"]))).rejects.toThrow("nowhere.png");
  expect(chat.messages).toHaveLength(2);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(collect(chat.say("Hm?", [], { signal }))).rejects.toThrow("enough");
  await collect(chat.say("And I?", [], { maxNewTokens: 2 }));
  expect(chat.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
});
