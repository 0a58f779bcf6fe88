import type { ComposedScene, Placed } from "../scene.ts";
import { SIZES } from "../scene.ts";

interface SceneBoardProps {
  readonly scene: ComposedScene;
  readonly names: readonly string[];
  readonly colour: string;
  /** Address of the picture with all things in a row. */
  readonly sheet: string;
  /** Pixels a side of the picture as the model sees it. */
  readonly side: number;
  readonly chosen: number;
  readonly choose: (index: number) => void;
  readonly changeThing: (index: number, thing: Placed) => void;
  readonly remove: (index: number) => void;
}

const STEPS: Readonly<Record<string, Partial<Placed>>> = {
  ArrowLeft: { x: -1 },
  ArrowRight: { x: 1 },
  ArrowUp: { y: -1 },
  ArrowDown: { y: 1 },
  "+": { size: 1 },
  "-": { size: -1 },
};

/** Things on a background: dragged with a pointer, or moved with arrow keys, sized with + and -, taken off with Delete. */
export function SceneBoard(props: SceneBoardProps) {
  const { scene, names, colour, sheet, side, chosen, choose, changeThing, remove } = props;
  /** A thing that is wholly in the picture, as the model gets it. */
  const within = (thing: Placed): Placed => {
    const size = Math.min(SIZES.most, Math.max(SIZES.least, thing.size));
    const inside = (middle: number) => Math.round(Math.min(side - size / 2, Math.max(size / 2, middle)));
    return { kind: thing.kind, x: inside(thing.x), y: inside(thing.y), size };
  };
  const onKeyDown = (event: KeyboardEvent, index: number, thing: Placed) => {
    if (event.key === "Delete" || event.key === "Backspace") remove(index);
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const { x = 0, y = 0, size = 0 } = step;
    changeThing(index, within({ ...thing, x: thing.x + x, y: thing.y + y, size: thing.size + size }));
  };
  const onPointerMove = (
    event: PointerEvent & { readonly currentTarget: HTMLElement },
    index: number,
    thing: Placed,
  ) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.parentElement!.getBoundingClientRect();
    const at = (place: number, from: number, length: number) => ((place - from) / length) * side;
    const [x, y] = [at(event.clientX, box.left, box.width), at(event.clientY, box.top, box.height)];
    changeThing(index, within({ ...thing, x, y }));
  };
  return (
    <fieldset class="board" style={{ background: colour }}>
      <legend class="unseen">
        The picture: move a thing with the arrow keys, size it with + and -, Delete takes it off
      </legend>
      {scene.things.map((thing, index) => (
        <button
          key={index}
          type="button"
          aria-label={`${names[thing.kind]} at ${thing.x}, ${thing.y}, ${thing.size} wide`}
          aria-pressed={index === chosen}
          style={{
            left: `${(100 * (thing.x - thing.size / 2)) / side}%`,
            top: `${(100 * (thing.y - thing.size / 2)) / side}%`,
            width: `${(100 * thing.size) / side}%`,
            backgroundImage: `url("${sheet}")`,
            "--at": thing.kind,
            "--of": names.length,
          }}
          onFocus={() => choose(index)}
          onKeyDown={(event) => onKeyDown(event, index, thing)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            choose(index);
          }}
          onPointerMove={(event) => onPointerMove(event, index, thing)}
        />
      ))}
    </fieldset>
  );
}
