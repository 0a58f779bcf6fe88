import { existsSync } from "node:fs";
import { Command } from "commander";
import type { Image } from "../model/processor/image.ts";
import { readPicture } from "../model/processor/readPicture.ts";
import { type AnswerOptions, generateOptionsOf, loadAssistant, withAnswerOptions } from "./shared.ts";

/** What `caption` asks: the first of the captioning prompts that the family was trained with. */
const CAPTION = "Please describe the image.";

const EXAMPLES = [
  'cat.png "What is in the picture?"',
  'one.png two.jpg "What is in the second picture?" --json',
  'cat.png "Tell me more." --temperature 0.7 --seed 1',
];

export function askCommand(signal: AbortSignal): Command {
  const command = new Command("ask")
    .description("answer a question about pictures")
    .usage('[options] [picture...] "<question>"')
    .argument("<words...>", "PNG or JPEG files, in the order in which the question speaks of them; last the question")
    .addHelpText("after", `\nExamples:\n${EXAMPLES.map((line) => `  $ infimm ask ${line}`).join("\n")}`);
  return withAnswerOptions(command).action(async (words: string[], options: AnswerOptions) => {
    const question = words[words.length - 1];
    if (existsSync(question)) command.error(`error: the last argument is the question, but ${question} is a file`);
    await answer(words.slice(0, -1), question, options, signal);
  });
}

export function captionCommand(signal: AbortSignal): Command {
  const command = new Command("caption")
    .description("describe each picture")
    .argument("<picture...>", "PNG or JPEG files")
    .addHelpText("after", "\nExample:\n  $ infimm caption holiday/*.jpg --json");
  return withAnswerOptions(command).action(async (pictures: string[], options: AnswerOptions) => {
    const assistant = await loadAssistant(options);
    const captions: { picture: string; caption: string }[] = [];
    for (const picture of pictures) {
      const pieces: string[] = [];
      if (!options.json && pictures.length > 1) process.stdout.write(`${picture}: `);
      for await (const piece of assistant.ask(
        CAPTION,
        [await readPicture(picture)],
        generateOptionsOf(options, signal),
      )) {
        pieces.push(piece);
        if (!options.json) process.stdout.write(piece);
      }
      if (!options.json) process.stdout.write("\n");
      captions.push({ picture, caption: pieces.join("") });
    }
    if (options.json) console.log(JSON.stringify({ model: options.model, captions }));
  });
}

async function answer(
  pictures: readonly string[],
  question: string,
  options: AnswerOptions,
  signal: AbortSignal,
): Promise<void> {
  const images: Image[] = [];
  for (const path of pictures) images.push(await readPicture(path)); // before the weights: a wrong path is told at once
  const assistant = await loadAssistant(options);
  const pieces: string[] = [];
  for await (const piece of assistant.ask(question, images, generateOptionsOf(options, signal))) {
    pieces.push(piece);
    if (!options.json) process.stdout.write(piece);
  }
  if (options.json) console.log(JSON.stringify({ model: options.model, pictures, question, answer: pieces.join("") }));
  else process.stdout.write("\n");
}
