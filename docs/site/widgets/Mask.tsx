import { pictureAddress } from "../client/pictures.ts";
import type { Mask, MaskParams } from "../studies/mask.ts";
import { Exercise } from "./Exercise.tsx";
import { Scrolling } from "./Scrolling.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Two pictures in a question: which of them each token sees. */
export const mask: Widget<Mask, MaskParams> = { View: MaskView, params: { places: null, rule: "nearest" } };

function MaskView({ data, params, setParams }: ViewProps<Mask, MaskParams>) {
  const places = params.places ?? data.places;
  const move = (picture: number, by: number) => {
    const moved = places.map((place, i) => (i === picture ? place + by : place));
    setParams({ ...params, places: moved.map((place) => Math.min(data.words.length, Math.max(0, place))) });
  };
  return (
    <>
      <p class="prompt">
        {Array.from({ length: data.words.length + 1 }, (_, word) => (
          <span key={word}>
            {data.pictures.map((ref, i) =>
              places[i] === word ? (
                <span key={ref} class="placed">
                  <button type="button" aria-label={`Picture ${i + 1} a word back`} onClick={() => move(i, -1)}>
                    ◂
                  </button>
                  <img src={pictureAddress(ref)} alt={`number ${i + 1}`} width="40" height="40" />
                  <button type="button" aria-label={`Picture ${i + 1} a word on`} onClick={() => move(i, 1)}>
                    ▸
                  </button>
                </span>
              ) : null,
            )}
            {data.words[word]}{" "}
          </span>
        ))}
      </p>
      <p class="choices needs-script">
        <label>
          A token sees{" "}
          <select onChange={(event) => setParams({ ...params, rule: event.currentTarget.value as MaskParams["rule"] })}>
            <option value="nearest" selected={params.rule === "nearest"}>
              the nearest picture before it (InfiMM)
            </option>
            <option value="all" selected={params.rule === "all"}>
              all pictures before it
            </option>
          </select>
        </label>
      </p>
      <p class="said" role="status">
        {data.answer}
      </p>
      <Scrolling class="mask" name="Which picture each token of the prompt sees">
        <table>
          <thead>
            <tr>
              <th scope="col">token</th>
              {data.tokens.map(({ text }, i) => (
                <th key={i} scope="col" class="token">
                  <span>{text.trim() || JSON.stringify(text)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">pictures so far</th>
              {data.tokens.map(({ time }, i) => (
                <td key={i}>{time}</td>
              ))}
            </tr>
            {data.pictures.map((ref, p) => (
              <tr key={ref}>
                <th scope="row">
                  <img src={pictureAddress(ref)} alt={`number ${p + 1}`} width="40" height="40" />
                </th>
                {data.tokens.map(({ time }, i) => {
                  const sees = isSeen(data, p, time);
                  return (
                    <td key={i} class={sees ? "sees" : ""}>
                      {sees ? "1" : "·"}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <Exercise check={() => check(data)}>
        Move a picture so that the first word of the question sees the first picture, and its last word the second.
      </Exercise>
    </>
  );
}

/** The mask's own line: `eq(time, mediaTime)`, or `ge`. */
function isSeen({ rule }: Mask, picture: number, time: number): boolean {
  return rule === "nearest" ? time === picture + 1 : time >= picture + 1;
}

function check({ places, rule, words }: Mask): { right: boolean; says: string } {
  const seenBy = (word: number) => places.filter((place) => place <= word).length;
  const [first, last] = [seenBy(0), seenBy(words.length - 1)];
  const says = `The first word comes after ${first} of the pictures, the last after ${last}.`;
  return { right: first === 1 && last === 2 && rule === "nearest", says };
}
