import type { Scores } from "../scoreRun.ts";
import type { Item } from "../task.ts";
import { escaped } from "./escape.ts";
import { thumbnail } from "./thumbnail.ts";

/** One item: picture, prompt, demonstrations, answers, references, and what decided. `folders`: where its pictures may be. `looks`: HTML. */
export async function itemCard(item: Item, scores: Scores, folders: readonly string[], looks = ""): Promise<string> {
  const pictures: string[] = [];
  for (const { path } of item.pictures) {
    const url = await thumbnail(path, folders);
    const name = escaped(path);
    pictures.push(url ? `<img src="${url}" alt="Picture ${name}">` : `<p>${name} is no longer there.</p>`);
  }
  const { score = null, rule = "" } = scores.items[item.id] ?? {};
  const shown: readonly (readonly [string, unknown])[] = [
    ["Score", `${score === null ? "not scored" : score.toFixed(2)}${rule ? ` by ${rule}` : ""}`],
    ["Prompt", item.prompt || item.question],
    ["Demonstrations", item.demos.join(", ") || "none"],
    ["Raw answer", item.raw],
    ["Cleaned answer", item.answer],
    ["Reference", JSON.stringify(item.reference)],
  ];
  const list = shown.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join("");
  return `<article class="item"><h4>${escaped(item.id)}</h4><div>${pictures.join("")}</div><dl>${list}</dl>${looks}</article>`;
}
