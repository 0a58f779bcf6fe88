import { stripCharacter } from "../python/text.ts";

/** GQA's exact match: lower case, without full stops at the ends. */
export function gqaRight(answer: string, gold: string): boolean {
  const plain = (text: string) => stripCharacter(text.toLowerCase().trim(), ".").trim();
  return plain(answer) === plain(gold);
}
