import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface ExerciseProps {
  readonly children: ComponentChildren;
  /** Looks at the state, and says what is so. */
  readonly check: () => { readonly right: boolean; readonly says: string };
}

/** A question that numbers answer. */
export function Exercise({ children, check }: ExerciseProps) {
  const [found, setFound] = useState<{ right: boolean; says: string } | null>(null);
  return (
    <form
      class="exercise"
      onSubmit={(event) => {
        event.preventDefault();
        setFound(check());
      }}
    >
      <p>
        <b>Try it.</b> {children}
      </p>
      <p class="needs-script">
        <button type="submit">Check</button>{" "}
        <span role="status" class={found?.right ? "right" : "wrong"}>
          {found && `${found.right ? "Yes." : "Not yet."} ${found.says}`}
        </span>
      </p>
    </form>
  );
}
