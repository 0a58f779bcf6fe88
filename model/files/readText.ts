import { readBytes } from "./readFile.ts";

/** A text file (Node only). `what` is how messages call it. */
export async function readText(path: string, what: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, what));
}
