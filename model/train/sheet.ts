import { type Document, isText, type Part } from "./documents.ts";
import { pictureFile } from "./pictureFile.ts";

/** Documents on one page of HTML that needs nothing else: pictures, and under them the texts, what bears loss in green. */
export async function sheetHtml(title: string, documents: readonly Document[]): Promise<string> {
  const cards: string[] = [];
  for (const document of documents) cards.push(await cardOf(document));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5em; background: #fafafa; color: #222 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(15em, 1fr)); gap: 1em }
article { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: .7em; overflow-wrap: anywhere }
img { max-width: 100%; max-height: 14em; display: block; margin: 0 auto .5em; image-rendering: auto }
p { margin: .3em 0; white-space: pre-wrap; color: #666 }
p.learn { color: #116329; background: #e9f7ec }
h2 { font-size: .8em; font-weight: normal; color: #888; margin: 0 0 .5em }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd } article { background: #222; border-color: #444 }
  p { color: #aaa } p.learn { color: #a5e6b4; background: #14361f }
}
</style>
<h1>${escaped(title)}</h1>
<main>
${cards.join("\n")}
</main>
</html>
`;
}

async function cardOf({ id, source, layout, parts }: Document): Promise<string> {
  const shown: string[] = [];
  for (const part of parts) shown.push(await shownPart(part));
  return `<article><h2>${escaped(`${source} ${id} (${layout})`)}</h2>${shown.join("")}</article>`;
}

async function shownPart(part: Part): Promise<string> {
  if (isText(part)) {
    const role = part.role === undefined ? "" : `${part.role}: `;
    return `<p${part.learn ? ' class="learn"' : ""}>${escaped(role + part.text)}</p>`;
  }
  const { bytes, ending } = await pictureFile(part);
  const type = ending === "jpg" ? "jpeg" : ending;
  return `<img alt="" src="data:image/${type};base64,${Buffer.from(bytes).toString("base64")}">`;
}

function escaped(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (letter) => names[letter]);
}
