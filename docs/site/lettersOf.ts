import { LETTERS } from "../generate/letters.ts";

/** What the letters in the shape comments of a block of code mean, to stand under it. Words say it themselves. */
export function lettersOf(code: string, place: string): string {
  const room = place.replace(/^model\//, "");
  const found = new Set<string>();
  for (const [, shape] of code.matchAll(/\/\/ \[([^\]]*)\]/g)) for (const [name] of shape.matchAll(/\b[a-z]\b/g)) found.add(name); // biome-ignore format: one line
  const known = [...found].filter((letter) => {
    const { rooms } = LETTERS[letter] ?? { rooms: [] };
    return rooms === undefined || rooms.some((one) => room.startsWith(one));
  });
  if (known.length === 0) return "";
  const items = known.map((letter) => `<div><dt><code>${letter}</code></dt><dd>${LETTERS[letter].meaning}</dd></div>`);
  return `<dl class="letters" aria-label="The letters of the shapes">${items.join("")}</dl>\n`;
}
