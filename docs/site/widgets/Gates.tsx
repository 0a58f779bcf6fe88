import type { GateParams, Gates, Openings } from "../studies/gates.ts";
import { Exercise } from "./Exercise.tsx";
import { PathChip } from "./PathChip.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Gates to open and shut by hand, and what the model says then. */
export const gates: Widget<Gates, GateParams> = { View: GatesView, params: { open: null } };

function GatesView({ data, params, setParams }: ViewProps<Gates, GateParams>) {
  const { trained, answer, trainedAnswer, shutAnswer } = data;
  const open: Openings = params.open ?? trained;
  const isTrained = Object.entries(trained).every(([path, value]) => open[path] === value);
  return (
    <>
      <ul class="gates">
        {Object.entries(trained).map(([path, value]) => (
          <li key={path}>
            <PathChip path={path} />
            <input
              type="range"
              aria-label={`How far ${path} is open`}
              min="-1"
              max="1"
              step="0.01"
              value={open[path]}
              onInput={(event) => setParams({ open: { ...open, [path]: Number(event.currentTarget.value) } })}
            />
            <output>{open[path].toFixed(2)}</output>
            <span class="mute">trained: {value.toFixed(2)}</span>
          </li>
        ))}
      </ul>
      <p class="needs-script choices">
        <button type="button" disabled={isTrained} onClick={() => setParams({ open: null })}>
          As trained
        </button>
        <button type="button" onClick={() => setParams({ open: all(trained, 0) })}>
          All shut
        </button>
        <button type="button" onClick={() => setParams({ open: all(trained, 1) })}>
          All open
        </button>
      </p>
      <p class={answer === trainedAnswer ? "said" : "said changed"} role="status">
        {answer}
      </p>
      <p class="verdict">
        As trained, it says “{trainedAnswer}”. With all gates shut, the blocks do nothing at all, and what is left is a
        language model that has never seen anything: “{shutAnswer}”.
      </p>
      <Exercise check={() => check(data)}>Change the answer by shutting a single gate (to 0), and no other.</Exercise>
    </>
  );
}

function all(trained: Openings, value: number): Openings {
  return Object.fromEntries(Object.keys(trained).map((path) => [path, value]));
}

function check({ trained, open, answer, trainedAnswer }: Gates): { right: boolean; says: string } {
  const moved = Object.keys(trained).filter((path) => open[path] !== trained[path]);
  if (moved.length !== 1 || open[moved[0]] !== 0) {
    return { right: false, says: `${moved.length} gates are not as trained; shut one, and leave the others.` };
  }
  return { right: answer !== trainedAnswer, says: `It says “${answer}”.` };
}
