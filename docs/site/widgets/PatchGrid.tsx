import { useRef, useState } from "preact/hooks";

interface PatchGridProps {
  readonly address: string;
  /** Patches a side. */
  readonly grid: number;
  readonly hidden: readonly number[];
  readonly toggle: (patch: number) => void;
}

const STEPS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** A picture whose patches can be switched off: one stop of the Tab key, arrows inside. */
export function PatchGrid({ address, grid, hidden, toggle }: PatchGridProps) {
  const box = useRef<HTMLFieldSetElement>(null);
  const [cursor, setCursor] = useState(0);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const inside = (place: number) => Math.min(grid - 1, Math.max(0, place));
    const next = inside(Math.floor(cursor / grid) + step[1]) * grid + inside((cursor % grid) + step[0]);
    setCursor(next);
    box.current?.querySelectorAll("button")[next].focus();
  };
  return (
    <fieldset
      class="patches"
      ref={box}
      onKeyDown={onKeyDown}
      style={{ backgroundImage: `url("${address}")`, "--grid": grid }}
    >
      <legend class="unseen">Patches of the picture</legend>
      {Array.from({ length: grid * grid }, (_, patch) => (
        <button
          key={patch}
          type="button"
          aria-pressed={hidden.includes(patch)}
          aria-label={`Hide row ${Math.floor(patch / grid) + 1}, column ${(patch % grid) + 1}`}
          tabIndex={patch === cursor ? 0 : -1}
          onFocus={() => setCursor(patch)}
          onClick={() => toggle(patch)}
        />
      ))}
    </fieldset>
  );
}
