import { createInterface } from "node:readline";
import { Command } from "commander";
import type { Chat } from "../model/generate/chat.ts";
import type { Image } from "../model/processor/pictures/image.ts";
import { type AnswerOptions, generateOptionsOf, withAnswerOptions } from "./answerOptions.ts";
import { parseTurn } from "./chatLine.ts";
import { complain, EXIT, isForeseen, messageOf } from "./failure.ts";
import { halfBlocks } from "./halfBlocks.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPictures } from "./picture.ts";
import { printPieces } from "./printPieces.ts";

const HELP = `
A line is a turn. Pictures are named by their paths, anywhere in the line (a terminal writes one when a file is dropped on
it); the model sees them before the text. A name in \`backquotes\` is only a word. Ctrl-C breaks off an answer.
/picture PATH adds a picture whose name does not end like one's, /new begins anew, /help says this, /quit or Ctrl-D ends.

Examples:
  $ infimm chat
  > holiday/dog.png What is this?
  $ printf 'cat.png What is this?\\nIs it small?\\n' | infimm chat --json`;

/** Lines that are no turns, but say what to do. */
const ORDERS = ["/new", "/picture", "/help", "/quit", "/exit"];
const ORDERS_HELP = `A line is a turn. Pictures are named by their paths, anywhere in it; in \`backquotes\` a name is only a word.
  /new     forget what was said
  /picture PATH  a picture for the next turn, whatever its name; spaces need no quotes
  /quit    end, as Ctrl-D does
  Ctrl-C   break off an answer`;

export function chatCommand(): Command {
  const command = new Command("chat")
    .description("talk about pictures, turn by turn")
    .argument("[picture...]", "pictures of the first turn")
    .addHelpText("after", HELP);
  return withAnswerOptions(command).action(talk);
}

async function talk(first: readonly string[], options: AnswerOptions): Promise<void> {
  const images = await openPictures(first, options);
  const assistant = await loadAssistant(options);
  const terminal = Boolean(process.stdin.isTTY && process.stdout.isTTY && !options.json);
  const lines = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, prompt: "> " });
  let chat = assistant.chat({ system: options.system });
  let waiting = images;
  let answering: AbortController | undefined;
  lines.on("SIGINT", () => {
    if (answering) answering.abort();
    else {
      if (terminal) console.log();
      process.exit(EXIT.interrupted);
    }
  });
  show(images, terminal);
  lines.prompt();
  for await (const line of lines) {
    const { pictures, text } = parseTurn(line);
    const order = /^\/[a-z]+$/i.test(line.trim()) ? line.trim().toLowerCase() : undefined;
    if (order === "/quit" || order === "/exit") break;
    if (order === "/new") {
      chat = assistant.chat({ system: options.system });
      waiting = [];
    } else if (order !== undefined) {
      if (order === "/picture") complain("/picture takes the picture's path, or its address");
      else if (order !== "/help") complain(`there is no ${order}; there are ${ORDERS.join(", ")}`);
      else if (!options.json) console.log(ORDERS_HELP);
    } else if (text !== "" || pictures.length > 0) {
      try {
        const opened = await openPictures(pictures, options);
        show(opened, terminal);
        waiting = [...waiting, ...opened];
        if (text !== "") {
          answering = new AbortController();
          const answer = await turn(chat, text, waiting, answering.signal, options);
          if (options.json) console.log(JSON.stringify({ pictures, text, answer }));
          waiting = [];
        }
      } catch (error) {
        if (!isForeseen(error)) throw error;
        if (options.json) console.log(JSON.stringify({ pictures, text, error: messageOf(error) }));
        else complain(messageOf(error) + (isMissing(error) ? " (a name in `backquotes` is only a word)" : ""));
        if (!terminal) process.exitCode = EXIT.failed;
      }
      answering = undefined;
    }
    lines.prompt();
  }
  lines.close();
  if (terminal) console.log();
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";

/** One answer, shown as it comes; how far it came if it is broken off, which happens between two tokens. */
async function turn(
  chat: Chat,
  text: string,
  images: readonly Image[],
  signal: AbortSignal,
  options: AnswerOptions,
): Promise<string> {
  try {
    return await printPieces(chat.say(text, images, { ...generateOptionsOf(options), signal }), !options.json);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stdout.write(" …\n");
    return "";
  }
}

function show(images: readonly Image[], terminal: boolean): void {
  if (!terminal || !process.stdout.hasColors()) return;
  for (const image of images) console.log(halfBlocks(image, 24));
}
