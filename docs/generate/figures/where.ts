import { looksOfAnswer } from "../../../model/study/answerLooks.ts";
import { brightest } from "../../../model/study/brightest.ts";
import { dependence, LEAST_DEPENDENCE } from "../../../model/study/dependence.ts";
import type { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import { conversation, indexOfWord, pictureAddress, shipped, studyOf } from "./subject.ts";
import { type Figure, picture, rect, text, veil } from "./svg.ts";

interface Where {
  readonly picture: string;
  readonly words: readonly string[];
  readonly word: number;
  /** [word][patch]: shares of the look */
  readonly attends: readonly (readonly number[])[];
  /** [word][patch]: nats lost */
  readonly depends: readonly (readonly number[])[];
}

const LARGE = 200;
const SMALL = 78;
const GAP = 10;

/** Where a word of an answer attends, and what it depends on; small below, the same for all of its words. */
export const where: Figure<Where> = {
  async measure(name: string, word: string) {
    const study = await studyOf(name);
    const shown = study.tokens.flatMap(({ special }, i) => (special ? [] : [i]));
    const [attends, depends] = [await attention(study, name), await dependence(study)];
    return {
      picture: await pictureAddress(name),
      words: shown.map((i) => study.tokens[i].text.trim()),
      word: shown.indexOf(indexOfWord(study, word)),
      attends: shown.map((i) => attends[i].map(rounded)),
      depends: shown.map((i) => Array.from(depends[i][0], rounded)),
    };
  },

  draw({ picture: address, words, word, attends, depends }) {
    const width = 2 * GAP + words.length * SMALL;
    const [left, right] = [GAP, GAP + LARGE + 30];
    const peak = (maps: Where["attends"]) => place(maps[word]);
    const times = Math.exp(Math.max(...depends[word]));
    const same = words.filter((_, i) => most(attends[i]) === most(attends[word])).length;
    const rows = 62 + LARGE;
    const line = (y: number, maps: Where["attends"], least: number) =>
      maps.map((map, i) => {
        const x = GAP + i * SMALL;
        const frame =
          i === word ? rect(x, y, SMALL - 6, SMALL - 6, 'fill="none" stroke="#d9661f" stroke-width="2"') : "";
        return picture(x, y, SMALL - 6) + veil(x, y, SMALL - 6, map, Math.max(least, ...map)) + frame;
      });
    const looked = `${(100 * Math.max(...attends[word])).toFixed(0)} %`;
    const lost = `${Number(times.toPrecision(2)).toLocaleString("en-US")} times less likely`;
    return {
      width,
      pictures: [address],
      height: rows + 2 * SMALL + 34,
      alt:
        `For "${words[word]}" the model attends most to ${peak(attends)} (${looked} of its look); ` +
        `it depends most on ${peak(depends)}: without the patches there the word is ${lost}. ` +
        `Attention is brightest at the same patch for ${same} of ${words.length} words.`,
      body: [
        text(left, 22, `“${words[word]}” attends to`),
        text(right, 22, `“${words[word]}” depends on`, { class: "word" }),
        picture(left, 32, LARGE) + veil(left, 32, LARGE, attends[word], Math.max(...attends[word])),
        picture(right, 32, LARGE) + veil(right, 32, LARGE, depends[word], Math.max(LEAST_DEPENDENCE, ...depends[word])),
        text(right + LARGE + 20, 60, `${looked} of the look`),
        text(right + LARGE + 20, 80, `at ${peak(attends)}`, { class: "mute" }),
        text(right + LARGE + 20, 120, lost, { class: "word" }),
        text(right + LARGE + 20, 140, `without ${peak(depends)}`, { class: "mute" }),
        ...words.map((one, i) => text(GAP + i * SMALL + (SMALL - 6) / 2, rows - 8, one, { anchor: "middle", class: i === word ? "word" : "" })), // biome-ignore format: one line
        ...line(rows, attends, 0),
        ...line(rows + SMALL, depends, LEAST_DEPENDENCE),
        text(GAP, rows + 2 * SMALL + 18, "above: attends to; below: depends on", { class: "mute" }),
      ].join("\n"),
    };
  },
};

/** The maps of attention of the answer's tokens, [token][patch]. */
async function attention(study: StudiedAnswer, name: string): Promise<number[][]> {
  const { model, processor } = await shipped();
  const prompts = processor.apply(await conversation(name));
  using maps = await looksOfAnswer(model, prompts, study.tokens.map(({ id }) => id)); // biome-ignore format: one line
  const data = await maps.data();
  const patches = maps.shape[3] * maps.shape[4];
  return study.tokens.map((_, i) => Array.from(data.subarray(i * patches, (i + 1) * patches)));
}

function most(map: readonly number[]): number {
  return map.indexOf(Math.max(...map));
}

function place(map: readonly number[]): string {
  const { row, column } = brightest(map);
  return `row ${row}, column ${column}`;
}

function rounded(x: number): number {
  return Number(x.toPrecision(4));
}
