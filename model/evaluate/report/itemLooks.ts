import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Assistant } from "../../generate/assistant.ts";
import { writePng } from "../../processor/pictures/formats/writePng.ts";
import type { Image } from "../../processor/pictures/image.ts";
import { looksAt } from "../../study/answerLooks.ts";
import { brightest } from "../../study/brightest.ts";
import { dependence, LEAST_DEPENDENCE } from "../../study/dependence.ts";
import { overlay, seenBy, TINTS } from "../../study/overlay.ts";
import { StudiedAnswer } from "../../study/studiedAnswer.ts";
import { shownPicture } from "../data/pictures.ts";
import { MAX_LENGTH } from "../generateItems.ts";
import type { Header } from "../itemsFile.ts";
import type { Item } from "../task.ts";
import { escaped } from "./escape.ts";

/** Of a token's pictures, in pixels. */
const SIDE = 96;

/**
 * Where the model looked when it chose each word of an item's answer, and which places the word depends on: the pictures
 * of `infimm attend`, as HTML. The answer is made once more.
 */
export async function itemLooks(
  assistant: Assistant,
  { settings, generation }: Header,
  item: Item,
  folders: readonly string[],
): Promise<string> {
  const { processor } = assistant;
  const shown = item.prompt.match(/<image>/g)?.length ?? 0;
  if (shown === 0) return note("its prompt has no picture");
  if (shown !== item.pictures.length) return note("its demonstrations have pictures, which the run does not keep");
  const images: Image[] = [];
  for (const { path } of item.pictures) {
    const place = folders.map((folder) => join(folder, path)).find((one) => existsSync(one));
    if (place === undefined) return note(`${path} is no longer there`);
    images.push(await shownPicture(await readFile(place), path, settings));
  }
  const prompts = processor.apply({ text: item.prompt, images }, { maxLength: MAX_LENGTH });
  const { answer, looks } = await looksAt(assistant, prompts, generation);
  using study = new StudiedAnswer(assistant, prompts, answer);
  const falls = await dependence(study);
  const seen = images.map((image) => seenBy(processor, image));
  const figures: string[] = [];
  for (const [k, { token, picture, map }] of looks.entries()) {
    if (processor.tokenizer.isSpecial(answer[k])) continue;
    const most = falls[k].map((one) => Math.max(...one));
    const needed = most.indexOf(Math.max(...most));
    const [attends, depends] = await Promise.all([
      url(overlay(seen[picture - 1], { map, tint: TINTS.attention }, SIDE)),
      url(overlay(seen[needed], { map: falls[k][needed], tint: TINTS.dependence, most: Math.max(LEAST_DEPENDENCE, most[needed]) }, SIDE)),
    ]); // biome-ignore format: a light each
    figures.push(`<figure><figcaption>${escaped(token)}</figcaption>
<img src="${attends}" alt="${escaped(token)}: attention, ${placeOf(map, picture)}">
<img src="${depends}" alt="${escaped(token)}: dependence, ${placeOf(falls[k][needed], needed + 1)}"></figure>`);
  }
  const label = "Word by word: where the model looked (violet), and what the word depends on (orange)";
  return `<details class="looks" open><summary>${label}</summary><div>${figures.join("\n")}</div></details>`;
}

function note(why: string): string {
  return `<p>Where the model looked is not shown: ${escaped(why)}.</p>`;
}

function placeOf(map: ArrayLike<number>, picture: number): string {
  const { row, column } = brightest(map);
  return `most in picture ${picture}, row ${row}, column ${column}`;
}

async function url(image: Image): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await writePng(image)).toString("base64")}`;
}
