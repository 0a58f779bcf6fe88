import { Command } from "commander";
import type { AnswerEnd } from "../model/generate/answerOptions.ts";
import type { Image } from "../model/processor/pictures/image.ts";
import { type AnswerOptions, generateOptionsOf, logprobsOf, withAnswerOptions, withLogprobs } from "./answerOptions.ts";
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

type Captioned =
  | { picture: string; caption: string; logprobs?: AnswerEnd["logprobs"] }
  | { picture: string; error: string };

export function captionCommand(): Command {
  const command = new Command("caption")
    .description("describe each picture")
    .argument("<picture...>", "PNG, JPEG or WebP files or addresses")
    .addHelpText("after", HELP);
  return withLogprobs(withAnswerOptions(command)).action(captionAll);
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
    let ended: AnswerEnd | undefined;
    const onEnd = (end: AnswerEnd) => (ended = end);
    const how = { ...generateOptionsOf(options), ...logprobsOf(options), onEnd };
    const pieces = assistant.chat({ system: options.system }).say(CAPTION, [image], how);
    const caption = await printPieces(pieces, !options.json);
    captions.push({ picture, caption, ...(ended?.logprobs && { logprobs: ended.logprobs }) });
  }
  if (options.json) console.log(JSON.stringify({ model: options.model, captions }));
}
