/** The whole text; if `print`, its pieces go to standard output as they come, and a newline at the end. */
export async function printPieces(pieces: AsyncIterable<string>, print: boolean): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (print) process.stdout.write(piece);
  }
  if (print) process.stdout.write("\n");
  return text;
}
