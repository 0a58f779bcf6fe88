import { chosen } from "../client/state.ts";
import type { Ladder, Reading } from "../studies/lens.ts";
import { Exercise } from "./Exercise.tsx";
import { PathChip } from "./PathChip.tsx";
import { Scrolling } from "./Scrolling.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** What the model would say behind each layer, with its pictures and without. */
export const lens: Widget<Ladder> = { View: LensView, params: undefined };

function LensView({ data }: ViewProps<Ladder>) {
  const { tokens, rungs } = data;
  const at = Math.min(chosen.value, tokens.length - 1);
  const word = tokens[at].text.trim();
  const before = tokens.slice(0, at).filter(({ special }) => !special).map(({ text }) => text).join("").trim(); // biome-ignore format: one line
  return (
    <>
      <p>
        The next word after {before === "" ? "the question" : `“${before}”`}: <b class="accent">{word}</b>
      </p>
      <Scrolling class="ladder" name="What the model would say behind each layer">
        <table>
          <thead>
            <tr>
              <th scope="col">behind</th>
              <th scope="col">with the picture</th>
              <th scope="col">without</th>
              <th scope="col">length</th>
            </tr>
          </thead>
          <tbody>
            {rungs.map(({ path, seeing, blind }) => (
              <tr key={path} class={path.endsWith("gated_cross_attn_layer") ? "looks" : ""}>
                <th scope="row">
                  <PathChip path={path} />
                </th>
                <td>
                  <Rung reading={seeing[at]} word={word} />
                </td>
                <td>
                  <Rung reading={blind[at]} word={word} />
                </td>
                <td>{seeing[at].norm.toFixed(0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <Finding data={data} at={at} />
      <Exercise check={() => check(data, at)}>
        Which word of the answer would be least likely if the model were blind, beside what it is now? Choose it above.
      </Exercise>
    </>
  );
}

/** The likeliest words as parts of a bar that is 1 long. */
function Rung({ reading: { top }, word }: { reading: Reading; word: string }) {
  return (
    <span class="rung">
      {top.map(([text, probability], i) => (
        <span
          key={i}
          class={text === word ? "is-word" : ""}
          style={{ width: `${100 * probability}%` }}
          title={`${text}: ${(100 * probability).toFixed(1)} %`}
        >
          {text} {(100 * probability).toFixed(0)}
        </span>
      ))}
    </span>
  );
}

/** From where on the word is the likeliest. */
function Finding({ data: { rungs, tokens }, at }: { data: Ladder; at: number }) {
  const word = tokens[at].text.trim();
  const wins = rungs.findLastIndex(({ seeing }) => seeing[at].top[0][0] !== word) + 1;
  const { seeing, blind } = rungs[rungs.length - 1];
  const [other, probability] = blind[at].top[0];
  return (
    <p class="verdict">
      {wins < rungs.length ? (
        <>
          “{word}” is the likeliest from <PathChip path={rungs[wins].path} /> on, and {percent(seeing[at].probability)}{" "}
          likely at the end.
        </>
      ) : (
        `“${word}” is the likeliest nowhere.`
      )}{" "}
      A model that could not look would say “{other}” here ({percent(probability)}); “{word}” would get{" "}
      {percent(blind[at].probability)}.
    </p>
  );
}

function percent(probability: number): string {
  if (probability < 0.0001) return "less than 0.01 %";
  return `${(100 * probability).toFixed(probability < 0.1 ? 2 : 0)} %`;
}

function check({ rungs, tokens }: Ladder, at: number): { right: boolean; says: string } {
  const { seeing, blind } = rungs[rungs.length - 1];
  const gain = (i: number) => Math.log(seeing[i].probability / blind[i].probability);
  const best = tokens.reduce((a, { special }, i) => (!special && gain(i) > gain(a) ? i : a), 0);
  return {
    right: at === best,
    says: `“${tokens[at].text.trim()}” is ${percent(seeing[at].probability)} likely, and ${percent(blind[at].probability)} without the picture.`, // biome-ignore format: one line
  };
}
