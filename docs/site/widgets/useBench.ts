import { useEffect, useRef } from "preact/hooks";
import type { BenchJob, Lesson } from "../bench/protocol.ts";
import type { Jobs } from "../client/jobs.ts";
import { root } from "../client/state.ts";

export interface BenchHandle {
  /** The worker with the model in it, started when it is first wanted and after it was ended. */
  open(onShare: (share: number) => void): Promise<Jobs<BenchJob>>;
  /** What runs there is to come to an end. */
  stop(): void;
  /** End the worker at once, whatever it does. */
  end(): void;
}

/** A bench of a figure's own. It goes with the figure. */
export function useBench(lessons: readonly Lesson[]): BenchHandle {
  const jobs = useRef<Jobs<BenchJob> | null>(null);
  useEffect(() => () => jobs.current?.end("The page is gone."), []);
  return {
    async open(onShare) {
      if (jobs.current && !jobs.current.isOver) return jobs.current;
      const { startBench } = await import("../client/benchLink.ts");
      const started = startBench();
      jobs.current = started;
      const folder = new URL(`${root.value}infimm-tiny`, location.href).href;
      await started.send<void, { share: number }>(
        { open: { folder, lessons } },
        { onEvent: ({ share }) => onShare(share) },
      );
      return started;
    },
    stop: () => jobs.current?.stop(),
    end: () => jobs.current?.end("It was stopped."),
  };
}
