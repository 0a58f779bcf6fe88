import { useRef } from "preact/hooks";
import { chosen } from "../client/state.ts";
import { correlation, median, peakOf, placeName, timesLess } from "../marks/maps.ts";
import type { Where } from "../studies/where.ts";
import { Exercise } from "./Exercise.tsx";
import { Numbers } from "./Numbers.tsx";
import { Veiled } from "./Veiled.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Where a word attends, and beside it what it depends on. */
export const where: Widget<Where> = { View: WhereView, params: undefined };

/** A word that no place matters to stays dark: nats that are bright at least. */
const LEAST = 1;

/** A word with its two maps, of the picture that matters most to it. */
interface WordMaps {
  readonly at: number;
  readonly text: string;
  readonly picture: string;
  readonly attends: readonly number[];
  readonly depends: readonly number[] | null;
}

function WhereView({ data: newest }: ViewProps<Where>) {
  const data = useLast(newest);
  const words = wordsOf(data);
  const word = words.find(({ at }) => at === chosen.value) ?? words[0];
  return (
    <>
      <div class="two">
        <Attends word={word} />
        <Depends word={word} />
      </div>
      <Verdict words={words} word={word} />
      <ul class="multiples" aria-label="All words: attention above, dependence below">
        {words.map((one) => (
          <li key={one.at}>
            <button type="button" aria-pressed={one.at === word.at} onClick={() => (chosen.value = one.at)}>
              <Veiled picture={one.picture} map={one.attends} alt="" />
              {one.depends && <Veiled picture={one.picture} map={one.depends} most={mostOf(one.depends)} alt="" />}
              <span>{one.text}</span>
            </button>
          </li>
        ))}
      </ul>
      {word.depends && <Numbers caption={`Nats that “${word.text}” loses without each place`} values={word.depends} />}
      <Exercise check={() => check(words, word)}>
        Which word depends most on one place? Choose it, and see what stands there.
      </Exercise>
    </>
  );
}

/** What is known so far. Of the same words of the same pictures the maps of dependence stay until the new ones come. */
function useLast(data: Where): Where {
  const last = useRef(data);
  const about = ({ pictures, tokens }: Where) => JSON.stringify([pictures, tokens]);
  if (data.depends || about(data) !== about(last.current)) last.current = data;
  return { ...data, depends: last.current.depends };
}

function Attends({ word }: { word: WordMaps }) {
  const { value } = peakOf(word.attends);
  const said = `most to ${placeName(word.attends)}: ${(100 * value).toFixed(0)} % of the look`;
  return (
    <div>
      <Veiled picture={word.picture} map={word.attends} alt={`“${word.text}” attends ${said}`} />
      <h2 class="latent">“{word.text}” attends</h2>
      <p>{said}.</p>
    </div>
  );
}

function Depends({ word }: { word: WordMaps }) {
  if (!word.depends) return <p class="mute">One place after the other is hidden …</p>;
  const { value } = peakOf(word.depends);
  const said = value > 0.05 ? `most on ${placeName(word.depends)}: without it the word is ${timesLess(value)}` : "on no place alone"; // biome-ignore format: one line
  return (
    <div>
      <Veiled
        picture={word.picture}
        map={word.depends}
        most={mostOf(word.depends)}
        alt={`“${word.text}” depends ${said}`}
      />
      <h2 class="accent">“{word.text}” depends</h2>
      <p>
        {said} <span class="mute">({value.toFixed(2)} nats)</span>.
      </p>
    </div>
  );
}

/** How much a word's maps are like those of the other words. */
function Verdict({ words, word }: { words: readonly WordMaps[]; word: WordMaps }) {
  const others = words.filter(({ at }) => at !== word.at);
  const same = words.filter(({ attends }) => peakOf(attends).at === peakOf(word.attends).at).length;
  const like = (map: (one: WordMaps) => readonly number[] | null) =>
    median(others.map((one) => correlation(map(one) ?? [], map(word) ?? []))).toFixed(2);
  return (
    <p class="verdict">
      Attention is brightest at the same patch for {same} of {words.length} words. How alike “{word.text}” is to the
      other words (median correlation): attention <b>{like((one) => one.attends)}</b>
      {word.depends && (
        <>
          , dependence <b>{like((one) => one.depends)}</b>
        </>
      )}
      .
    </p>
  );
}

function wordsOf({ tokens, pictures, attends, depends }: Where): WordMaps[] {
  return tokens.flatMap(({ text, special }, at): WordMaps[] => {
    if (special) return [];
    const strongest = (depends ?? attends)[at].map((map) => Math.max(...map));
    const picture = strongest.indexOf(Math.max(...strongest));
    return [
      {
        at,
        text: text.trim() || text,
        picture: pictures[picture],
        attends: attends[at][picture],
        depends: depends?.[at][picture] ?? null,
      },
    ];
  });
}

function mostOf(map: readonly number[]): number {
  return Math.max(LEAST, ...map);
}

function check(words: readonly WordMaps[], word: WordMaps): { right: boolean; says: string } {
  const strength = ({ depends }: WordMaps) => (depends ? peakOf(depends).value : 0);
  const right = words.every((one) => strength(one) <= strength(word));
  return { right, says: `“${word.text}” loses ${strength(word).toFixed(2)} nats at ${placeName(word.depends ?? word.attends)}.` }; // biome-ignore format: one line
}
