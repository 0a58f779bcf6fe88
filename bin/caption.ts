import { Command } from "commander";
import type { Image } from "../model/processor/pictures/image.ts";
import { type AnswerOptions, generateOptionsOf, withAnswerOptions } from "./answerOptions.ts";
import { complain, EXIT, isForeseen, messageOf } from "./failure.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPicture } from "./picture.ts";
import { printable } from "./printable.ts";
import { printPieces } from "./printPieces.ts";

/** What `caption` asks: the first of the captioning prompts that the family was trained with. */
const CAPTION = "Please describe the image.";

const HELP = `
A picture that cannot be read is reported, and the others are described; the exit code is then 1.

Examples:
  $ infimm caption cat.png
  $ infimm caption holiday/*.jpg --json`;

type Captioned = { picture: string; caption: string } | { picture: string; error: string };

export function captionCommand(): Command {
  const command = new Command("caption")
    .description("describe each picture")
    .argument("<picture...>", "PNG, JPEG or WebP files or addresses")
    .addHelpText("after", HELP);
  return withAnswerOptions(command).action(captionAll);
}

async function captionAll(pictures: readonly string[], options: AnswerOptions): Promise<void> {
  const assistant = await loadAssistant(options);
  const captions: Captioned[] = [];
  for (const picture of pictures) {
    let image: Image;
    try {
      image = await openPicture(picture, options);
    } catch (error) {
      if (!isForeseen(error)) throw error;
      process.exitCode = EXIT.failed;
      captions.push({ picture, error: messageOf(error) });
      if (!options.json) complain(messageOf(error));
      continue;
    }
    if (!options.json && pictures.length > 1) process.stdout.write(`${printable(picture)}: `);
    const pieces = assistant.chat(options).say(CAPTION, [image], generateOptionsOf(options));
    captions.push({ picture, caption: await printPieces(pieces, !options.json) });
  }
  if (options.json) console.log(JSON.stringify({ model: options.model, captions }));
}
