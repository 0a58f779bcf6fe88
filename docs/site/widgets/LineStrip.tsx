import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { goLive, link } from "../client/live.ts";
import { run, status } from "../client/state.ts";
import { gridOf } from "../marks/grid.ts";
import type { LineParams, LineValue } from "../studies/lines.ts";
import { GridPicture } from "./GridPicture.tsx";
import { PathChip } from "./PathChip.tsx";

/** What a line of the source made: its shape, between which ends its values lie, and a picture of them. */
export function LineStrip({ place }: { place: ReadonlySignal<string | null> }) {
  const [value, setValue] = useState<LineValue | null | "unknown">("unknown");
  const [which, choose] = useState<Pick<LineParams, "run" | "at">>({ run: 0, at: [] });
  const [complaint, complain] = useState("");
  const now = status.value;
  const here = place.value;
  useEffect(() => {
    if (here !== null) void goLive();
    if (here === null || now.is !== "live" || !link.value) return;
    const abort = new AbortController();
    const [file, line] = here.split(":");
    const { pictures, question } = run.value;
    const params: LineParams = { file, line: Number(line), ...which };
    link.value.study<LineValue | null>("line", { pictures, question }, params, { signal: abort.signal }).then(
      (found) => {
        setValue(found);
        complain("");
      },
      (error: Error) => void (abort.signal.aborted || complain(error.message)),
    );
    return () => abort.abort();
  }, [here, now, which]);
  if (here === null)
    return <p class="strip mute">Choose a line of the code: what it makes in this run appears here.</p>;
  if (complaint) return <p role="alert">{complaint}</p>;
  if (value === "unknown") return <p class="strip mute">Running …</p>;
  if (value === null) return <p class="strip mute">This line does not run for this answer.</p>; // biome-ignore format: one line
  return <Shown value={value} which={which} choose={choose} />;
}

interface ShownProps {
  readonly value: LineValue;
  readonly which: Pick<LineParams, "run" | "at">;
  readonly choose: (which: Pick<LineParams, "run" | "at">) => void;
}

function Shown({ value, which, choose }: ShownProps) {
  const { rows, columns, values, shape, min, max, mean, dtype } = value;
  const [under, point] = useState("");
  const grid = gridOf(values, rows, columns);
  const onPointerMove = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).querySelector("img")!.getBoundingClientRect();
    const [row, column] = [
      Math.floor(((event.clientY - box.top) / box.height) * rows),
      Math.floor(((event.clientX - box.left) / box.width) * columns),
    ];
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    point(inside ? `row ${row}, column ${column}: ${values[row * columns + column].toPrecision(5)}` : "");
  };
  return (
    <section class="strip" aria-label="What the line made">
      <p class="facts">
        <code>
          {value.comment} = [{shape.join(", ")}]
        </code>{" "}
        <span>
          {dtype}, {min} … {max}, mean {mean}
        </span>{" "}
        <Histogram counts={value.histogram} min={min} max={max} />
      </p>
      <p class="facts choices">
        <PathChip path={value.path} />
        {value.runs > 1 && (
          <Stepper name="run" at={value.run} of={value.runs} choose={(index) => choose({ ...which, run: index })} />
        )}
        {shape
          .slice(0, -2)
          .map((size, i) =>
            size > 1 ? (
              <Stepper
                key={i}
                name={lettersOf(value.comment)[i] ?? `dim ${i}`}
                at={value.at[i]}
                of={size}
                choose={(index) => choose({ ...which, at: value.at.map((old, j) => (j === i ? index : old)) })}
              />
            ) : null,
          )}
      </p>
      <div onPointerMove={onPointerMove}>
        <GridPicture grid={grid} alt={`${rows} rows of ${columns} values, from ${min} to ${max}`} />
      </div>
      <p class="mute">{under || "Point at the picture to read a value."}</p>
    </section>
  );
}

interface StepperProps {
  readonly name: string;
  readonly at: number;
  readonly of: number;
  readonly choose: (index: number) => void;
}

/** One of several, by number. */
function Stepper({ name, at, of, choose }: StepperProps) {
  return (
    <label>
      {name}{" "}
      <input
        type="number"
        min="0"
        max={of - 1}
        value={at}
        onInput={(event) => {
          const index = event.currentTarget.valueAsNumber;
          if (index >= 0 && index < of) choose(index);
        }}
      />{" "}
      of {of}
    </label>
  );
}

function Histogram({ counts, min, max }: { counts: readonly number[]; min: number; max: number }) {
  const most = Math.max(1, ...counts);
  return (
    <svg
      class="histogram"
      viewBox={`0 0 ${counts.length * 4} 20`}
      role="img"
      aria-label={`How often values lie where between ${min} and ${max}`}
    >
      {counts.map((count, i) => {
        const height = (20 * count) / most;
        return <rect key={i} x={i * 4} y={20 - height} width="3" height={height} />;
      })}
    </svg>
  );
}

/** The letters of the dims of a comment: `[b, (m n), w]` has three. */
function lettersOf(comment: string): string[] {
  return comment.slice(1, -1).split(/,\s*/);
}
