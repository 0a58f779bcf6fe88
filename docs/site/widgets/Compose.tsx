import { useEffect, useRef, useState } from "preact/hooks";
import { goLive } from "../client/live.ts";
import { asked, root } from "../client/state.ts";
import { type ComposedScene, MOST_THINGS, parseScene, type Placed, sceneName, SIZES } from "../scene.ts";
import type { Composing } from "../studies/compose.ts";
import { Exercise } from "./Exercise.tsx";
import { SceneBoard } from "./SceneBoard.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Put a picture together, and the answer changes under the hand. */
export const compose: Widget<Composing> = { View: ComposeView, params: undefined };

/** How often a scene that is moved about is asked about, in ms. */
const ASKS_EVERY = 200;

function ComposeView({ data }: ViewProps<Composing>) {
  const { kinds, backgrounds, side, tokens, pictures } = data;
  const [scene, setScene] = useState(() => parseScene(asked.value.pictures[0]) ?? firstScene(data));
  const [chosen, choose] = useState(0);
  const board = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next: ComposedScene) => {
    setScene(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      asked.value = { ...asked.value, pictures: [sceneName(next)] };
      void goLive();
    }, ASKS_EVERY);
  };
  const changeThing = (index: number, thing: Placed) =>
    change({ ...scene, things: scene.things.map((old, i) => (i === index ? thing : old)) });
  const remove = (index: number) => {
    change({ ...scene, things: scene.things.filter((_, i) => i !== index) });
    choose(0);
    board.current?.querySelector("button")?.focus(); // the one with the focus is gone
  };
  const thing = scene.things[chosen];
  const isAbout = parseScene(pictures[0]) !== undefined;
  return (
    <div class="two compose">
      <div ref={board}>
        <SceneBoard
          scene={scene}
          names={kinds}
          colour={backgrounds[scene.background]?.colour ?? "none"}
          sheet={`${root.value}files/things.png`}
          side={side}
          chosen={chosen}
          choose={choose}
          changeThing={changeThing}
          remove={remove}
        />
        <p class="choices needs-script">
          {thing && (
            <>
              <label>
                size{" "}
                <input
                  type="range"
                  min={SIZES.least}
                  max={SIZES.most}
                  value={thing.size}
                  onInput={(event) => changeThing(chosen, { ...thing, size: event.currentTarget.valueAsNumber })}
                />
              </label>
              <button type="button" onClick={() => remove(chosen)}>
                Remove the {kinds[thing.kind]}
              </button>
            </>
          )}
        </p>
        <p class="said" role="status">
          {isAbout ? answerOf(data) : "Move something, or add something: the model answers about it."}
        </p>
      </div>
      <div class="needs-script">
        <h2>Things</h2>
        <div class="things">
          {kinds.map((name, kind) => (
            <button
              key={name}
              type="button"
              title={name}
              aria-label={`Add a ${name}`}
              disabled={scene.things.length >= MOST_THINGS}
              style={{ backgroundImage: `url("${root.value}files/things.png")`, "--at": kind, "--of": kinds.length }}
              onClick={() => {
                choose(scene.things.length);
                change({ ...scene, things: [...scene.things, placed(kind, scene, side)] });
              }}
            />
          ))}
        </div>
        <h2>Background</h2>
        <p class="choices">
          {backgrounds.map(({ name, colour }, i) => (
            <button
              key={name}
              type="button"
              aria-pressed={i === scene.background}
              onClick={() => change({ ...scene, background: i })}
            >
              <i class="swatch" style={{ background: colour }} /> {name}
            </button>
          ))}
        </p>
        <Exercise check={() => check(scene, data, isAbout && tokens.length > 0)}>
          Make a picture of which the model leaves something out.
        </Exercise>
      </div>
    </div>
  );
}

/** A thing in the first place that is free. */
function placed(kind: number, { things }: ComposedScene, side: number): Placed {
  const third = side / 3;
  const places = Array.from({ length: 9 }, (_, cell) => ({
    x: Math.round((cell % 3) * third + third / 2),
    y: Math.round(Math.floor(cell / 3) * third + third / 2),
  }));
  const isFree = (place: { x: number; y: number }) =>
    things.every(({ x, y }) => Math.max(Math.abs(x - place.x), Math.abs(y - place.y)) > third / 2);
  return { kind, size: Math.round(third * 0.8), ...(places.find(isFree) ?? places[4]) };
}

/** Two things, to begin with. */
function firstScene({ kinds, side }: Composing): ComposedScene {
  const empty: ComposedScene = { background: 0, things: [] };
  const first = placed(kinds.length - 1, empty, side);
  const one = { ...empty, things: [{ ...first, x: Math.round(side / 4), y: Math.round(side / 2) }] };
  return { ...one, things: [...one.things, { ...first, kind: kinds.length - 2, x: Math.round((3 * side) / 4), y: Math.round(side / 2) }] }; // biome-ignore format: one line
}

function answerOf({ tokens }: Composing): string {
  return tokens.map(({ text, special }) => (special ? "" : text)).join("").trim(); // biome-ignore format: one line
}

function check(scene: ComposedScene, data: Composing, isAnswered: boolean): { right: boolean; says: string } {
  if (!isAnswered) return { right: false, says: "There is no picture of yours yet." };
  const answer = answerOf(data).toLowerCase();
  const left = scene.things.map(({ kind }) => data.kinds[kind]).find((name) => !answer.includes(name.split(" ").at(-1)!)); // biome-ignore format: one line
  return left === undefined
    ? { right: false, says: "It names all of them." }
    : { right: true, says: `It does not say “${left}”.` };
}
