import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Assistant } from "./assistant.ts";
import { generate } from "./generate/generate.ts";
import { readPicture } from "./processor/readPicture.ts";

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
