import { Command } from "commander";
import { InfimmError } from "../core/errors.ts";
import { generate } from "../model/generate/generate.ts";
import { askedOf } from "../model/study/answerLooks.ts";
import { lens, type Rung } from "../model/study/lens.ts";
import { StudiedAnswer } from "../model/study/studiedAnswer.ts";
import { type AnswerOptions, generateOptionsOf, questionOf, withAnswerOptions, wholeNumber } from "./answerOptions.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPictures } from "./picture.ts";
import { printable } from "./printable.ts";

const HELP = `
For each token of the answer: what the model would say in its place if it ended behind the embedding, a layer, or a
cross-attention block, where the pictures come in. Beside it what it would say if its words could not look at pictures.

Examples:
  $ infimm lens cat.png "What is in the picture?"
  $ infimm lens cat.png "What is in the picture?" --token 2 --top 5`;

interface LensOptions extends AnswerOptions {
  token?: number;
  top: number;
}

export function lensCommand(): Command {
  const command = new Command("lens")
    .description("what the model would say behind each layer, with the pictures and without")
    .usage('[options] <picture...> "<question>"')
    .argument("<question...>", "pictures, then the question")
    .option("--token <number>", "only this token of the answer, from 1", wholeNumber(1))
    .option("--top <count>", "how many words of each layer", wholeNumber(1), 3)
    .addHelpText("after", HELP);
  return withAnswerOptions(command).action(async (words: string[], options: LensOptions) => {
    const { pictures, question } = questionOf(command, words);
    if (pictures.length === 0) command.error("lens needs a picture: it shows what pictures change.");
    await showLens(pictures, question, options);
  });
}

async function showLens(pictures: readonly string[], question: string, options: LensOptions): Promise<void> {
  const { top, token } = options;
  const images = await openPictures(pictures, options);
  const assistant = await loadAssistant(options);
  const how = { ...generateOptionsOf(options), system: options.system };
  const { prompts, generation } = askedOf(assistant, question, images, how);
  const [answer] = await generate(assistant.model, prompts, generation);
  using study = new StudiedAnswer(assistant, prompts, answer);
  const shown = study.tokens.flatMap(({ special }, i) => (special ? [] : [i]));
  if (token !== undefined && token > shown.length) {
    throw new InfimmError(`--token ${token}: the answer has only ${shown.length} tokens`);
  }
  const seeing = await lens(study, { top });
  const blind = await lens(study, { top, pictures: false });
  if (options.json) {
    const tokens = study.tokens.map(({ text }) => text);
    console.log(JSON.stringify({ model: options.model, pictures, question, tokens, seeing, blind }));
    return;
  }
  for (const i of token === undefined ? shown : [shown[token - 1]]) {
    console.log(`\n${JSON.stringify(study.tokens[i].text)}\n${ladder(seeing, blind, i)}`);
  }
}

/** The rungs of one token, from the end of the model, where it speaks, to the embedding. */
function ladder(seeing: readonly Rung[], blind: readonly Rung[], token: number): string {
  const rows = seeing.map(({ path, tokens }, i) => [
    path.replace(/^model\.lang_encoder\.model\./, ""),
    said(tokens[token].top),
    said(blind[i].tokens[token].top),
  ]);
  const table = [["", "", "without pictures"], ...rows.reverse()];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map(([path, with_, without]) => `  ${path.padEnd(widths[0])}  ${with_.padEnd(widths[1])}  ${without}`)
    .join("\n");
}

function said(top: Rung["tokens"][number]["top"]): string {
  return top.map(({ text, probability }) => `${printable(text.trim() || JSON.stringify(text))} ${(100 * probability).toFixed(0)} %`).join(", "); // biome-ignore format: one line
}
