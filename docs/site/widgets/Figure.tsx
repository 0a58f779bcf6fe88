import { useEffect, useState } from "preact/hooks";
import { link } from "../client/live.ts";
import { run, status } from "../client/state.ts";
import type { AnyWidget } from "./widget.ts";

/** What a study tells on its way. */
interface Partial {
  readonly share?: number;
  readonly data?: unknown;
}

/**
 * A figure with what was found at build, or, once the model is there, with what it finds here. The last good state stays
 * until the next one comes.
 */
export function Figure({ name, widget, initial }: { name: string; widget: AnyWidget; initial: unknown }) {
  const [params, setParams] = useState<unknown>(widget.params);
  const [data, setData] = useState(initial);
  const [share, setShare] = useState<number | null>(null);
  const [complaint, complain] = useState("");
  const now = status.value;
  useEffect(() => {
    if (now.is !== "live" || !link.value || (widget.waits && params === widget.params)) return;
    const abort = new AbortController();
    const onEvent = (event: unknown) => {
      const { share: done, data: part } = event as Partial;
      if (done !== undefined) setShare(done);
      if (part !== undefined) setData(part);
    };
    const { pictures, question } = run.value;
    setShare(0);
    link.value.study(name, { pictures, question }, params, { signal: abort.signal, onEvent }).then(
      (found) => {
        setData(found);
        setShare(null);
        complain("");
      },
      (error: Error) => {
        if (abort.signal.aborted) return;
        setShare(null);
        complain(error.message);
      },
    );
    return () => abort.abort();
  }, [now, params]);
  return (
    <div
      class={share === null ? "live" : "live busy"}
      data-state={now.is === "live" && share === null ? "live" : "snapshot"}
    >
      <widget.View data={data} params={params} setParams={setParams} />
      {share !== null && share > 0 && share < 1 && <progress value={share} aria-label="Measuring" />}
      {complaint && <p role="alert">{complaint}</p>}
    </div>
  );
}
