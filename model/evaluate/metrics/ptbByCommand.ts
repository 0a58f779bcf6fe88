import { InfimmError } from "../../../core/errors.ts";
import { runCommand } from "../runCommand.ts";
import { counted } from "./ptbTokens.ts";

/**
 * Tokens by a program of the user's, as pycocoevalcap asks Stanford's jar: a text a line on standard input, its tokens a
 * line on standard output. With Java: `java -cp stanford-corenlp-3.4.1.jar edu.stanford.nlp.process.PTBTokenizer
 * -preserveLines -lowerCase`. What pycocoevalcap does not count is removed here.
 * @throws if it fails, or gives another number of lines
 */
export async function ptbByCommand(command: string, texts: readonly string[]): Promise<string[]> {
  const input = texts.map((text) => `${text.replaceAll("\n", " ")}\n`).join("");
  const written = await runCommand(command, input, "--ptb");
  const lines = written.replace(/\n$/, "").split("\n");
  if (lines.length !== texts.length) {
    throw new InfimmError(`--ptb ${command}: ${texts.length} lines went in, and ${lines.length} came back`);
  }
  return lines.map((line) => counted(line.trimEnd().split(" ")));
}
