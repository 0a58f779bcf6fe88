import { Command } from "commander";
import type { AnswerEnd } from "../model/generate/answerOptions.ts";
import {
  type AnswerOptions,
  generateOptionsOf,
  logprobsOf,
  questionOf,
  withAnswerOptions,
  withLogprobs,
} from "./answerOptions.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPictures } from "./picture.ts";
import { printPieces } from "./printPieces.ts";

const HELP = `
Examples:
  $ infimm ask cat.png "What is in the picture?"
  $ infimm ask one.png two.jpg "What is in the second picture?" --json
  $ infimm ask https://example.org/cat.jpg "What is this?" --orientation apply
  $ infimm ask "Who are you?"
  $ infimm ask - "What is this?" --temperature 0.7 --seed 1 < cat.png`;

export function askCommand(): Command {
  const command = new Command("ask")
    .description("answer a question about pictures, or about none")
    .usage('[options] [picture...] "<question>"')
    .argument(
      "<question...>",
      "PNG, JPEG or WebP files or addresses, in the order in which the question speaks of them; then the question",
    )
    .addHelpText("after", HELP);
  return withLogprobs(withAnswerOptions(command)).action(async (words: string[], options: AnswerOptions) => {
    const { pictures, question } = questionOf(command, words);
    await answerQuestion(pictures, question, options);
  });
}

async function answerQuestion(pictures: readonly string[], question: string, options: AnswerOptions): Promise<void> {
  const images = await openPictures(pictures, options); // before the weights: a wrong path is told at once
  const assistant = await loadAssistant(options);
  let ended: AnswerEnd | undefined;
  const onEnd = (end: AnswerEnd) => (ended = end);
  const start = performance.now();
  const how = { ...generateOptionsOf(options), ...logprobsOf(options), onEnd };
  const pieces = assistant.chat({ system: options.system }).say(question, images, how);
  const answer = await printPieces(pieces, !options.json);
  const seconds = Math.round(performance.now() - start) / 1000;
  const { promptTokens, tokens, reason: finish, logprobs } = ended!;
  const end = { promptTokens, tokens, finish, ...(logprobs && { logprobs }) };
  if (options.json) console.log(JSON.stringify({ model: options.model, pictures, question, answer, ...end, seconds }));
}
