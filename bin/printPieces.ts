import { printable } from "./printable.ts";

/** The whole text; if `print`, its pieces go to standard output as they come, and a newline at the end. */
export async function printPieces(pieces: AsyncIterable<string>, print: boolean): Promise<string> {
  // a model may say anything, escapes included; a file or a pipe gets it as it is
  const shown = process.stdout.isTTY ? printable : (piece: string) => piece;
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (print) process.stdout.write(shown(piece));
  }
  if (print) process.stdout.write("\n");
  return text;
}
