import { useState } from "preact/hooks";
import { pictureAddress } from "../client/pictures.ts";
import type { Entering } from "../studies/enter.ts";
import { Exercise } from "./Exercise.tsx";
import { PathChip, short } from "./PathChip.tsx";
import { Scrolling } from "./Scrolling.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** At which module and which token the picture's information gets into the words. */
export const enter: Widget<Entering> = { View: EnterView, params: undefined };

const STRONG = 0.5;

function EnterView({ data }: ViewProps<Entering>) {
  const { picture, other, said, otherSaid, tokens, rows } = data;
  const [guess, setGuess] = useState("");
  return (
    <>
      <p class="exchange">
        <img src={pictureAddress(picture)} alt={`with this it says ${said}`} width="64" height="64" /> “{said}”, and
        with <img src={pictureAddress(other)} alt={`with this it says ${otherSaid}`} width="64" height="64" /> “
        {otherSaid}”.
      </p>
      <Scrolling name={`How much of “${said}” comes back`} class="entering">
        <table>
          <caption>
            How much of “{said}” comes back when the text runs with the other picture, and one output at one token is
            put back
          </caption>
          <thead>
            <tr>
              <th scope="col">output of</th>
              {tokens.map((token, i) => (
                <th key={i} scope="col">
                  {token.trim() || JSON.stringify(token)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ path, restored }) => (
              <tr key={path}>
                <th scope="row">
                  <PathChip path={path} />
                </th>
                {restored.map((value, i) => (
                  <td
                    key={i}
                    class={value > STRONG ? "strong-cell" : ""}
                    style={{ "--strength": Math.max(0, Math.min(1, value)) }}
                  >
                    {twoDigits(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <Exercise check={() => check(data, guess)}>
        Which is the first output, at the last token, that brings back more than half?{" "}
        <select aria-label="An output" onChange={(event) => setGuess(event.currentTarget.value)}>
          <option value="">choose</option>
          {rows.map(({ path }) => (
            <option key={path} value={path}>
              {short(path)}
            </option>
          ))}
        </select>
      </Exercise>
    </>
  );
}

/** "-0.00" is 0. */
function twoDigits(value: number): string {
  return value.toFixed(2).replace(/^-(0\.00)$/, "$1");
}

function check({ rows }: Entering, guess: string): { right: boolean; says: string } {
  if (guess === "") return { right: false, says: "Choose an output." };
  const last = (path: string) => rows.find((row) => row.path === path)!.restored.at(-1)!;
  const first = rows.find(({ restored }) => restored.at(-1)! > STRONG);
  return { right: first?.path === guess, says: `It brings back ${last(guess).toFixed(2)}.` };
}
