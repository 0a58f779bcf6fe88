import { Command } from "commander";
import { InfimmError } from "../core/errors.ts";
import { answerLooks, type Look } from "../model/study/answerLooks.ts";
import { makeImage } from "../model/processor/pictures/image.ts";
import { pillowResize } from "../model/processor/pictures/pillowResize.ts";
import { preprocess } from "../model/processor/pictures/preprocess.ts";
import { writeWhole } from "../model/files/writeWhole.ts";
import { type AnswerOptions, generateOptionsOf, questionOf, withAnswerOptions, wholeNumber } from "./answerOptions.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { contactSheet, overlay } from "./overlay.ts";
import { openPictures } from "./picture.ts";

const HELP = `
The file shows the picture as the model saw it, and then, for each token of the answer, where the model looked when it
chose that token: the cross-attention of all blocks, passed on through the resampler to the patches.

Examples:
  $ infimm attend cat.png "What is in the picture?"
  $ infimm attend cat.png "What is in the picture?" --token 2 -o cat.png`;

interface AttendOptions extends AnswerOptions {
  output: string;
  token?: number;
}

export function attendCommand(): Command {
  const command = new Command("attend")
    .description("write a PNG of where in the picture the model looks, word by word")
    .usage('[options] <picture...> "<question>"')
    .argument("<question...>", "pictures, then the question")
    .option("-o, --output <file>", "the PNG to write", "attend.png")
    .option("--token <number>", "only this token of the answer, from 1, in full size", wholeNumber(1))
    .addHelpText("after", HELP);
  return withAnswerOptions(command).action(async (words: string[], options: AttendOptions) => {
    const { pictures, question } = questionOf(command, words);
    if (pictures.length === 0) command.error("attend needs a picture to look at.");
    await attend(pictures, question, options);
  });
}

async function attend(pictures: readonly string[], question: string, options: AttendOptions): Promise<void> {
  const images = await openPictures(pictures, options);
  const assistant = await loadAssistant(options);
  const looks = await answerLooks(assistant, question, images, {
    ...generateOptionsOf(options),
    system: options.system,
  });
  const { token, output } = options;
  if (token !== undefined && token > looks.length) {
    throw new InfimmError(`--token ${token}: the answer has only ${looks.length} tokens`);
  }
  const { preprocessing } = assistant.processor;
  const seen = images.map((image) => {
    const { size } = preprocessing;
    return makeImage(size, size, "RGB", preprocess(image, preprocessing).pixels);
  });
  const side = preprocessing.size * Math.max(1, Math.round((token === undefined ? 224 : 896) / preprocessing.size));
  const lit = ({ picture, map }: Look) => overlay(seen[picture - 1], map, side);
  const plain = () => seen.map((image) => makeImage(side, side, "RGB", pillowResize(image, side, side).data));
  const sheet = contactSheet(token === undefined ? [...plain(), ...looks.map(lit)] : [lit(looks[token - 1])], 6);
  await writeWhole(output, (sink) => sink.write(sheet));
  if (options.json) {
    console.log(JSON.stringify({ model: options.model, pictures, question, output, tokens: looks }));
    return;
  }
  for (const [i, { token, picture, share }] of looks.entries()) {
    const where = images.length > 1 ? `picture ${picture}, ` : "";
    const name = JSON.stringify(token).padEnd(14);
    console.log(`${String(i + 1).padStart(3)}  ${name}  ${where}${(100 * share).toFixed(0)} % on patches`);
  }
  console.log(`written: ${output}`);
}
