import address from "../worker/worker.ts?worker&url";
import type { BenchJob } from "../bench/protocol.ts";
import { Jobs } from "./jobs.ts";

/** Half seconds of silence after which code counts as lost: no forward or update takes that long. */
const PATIENCE = 40;

/**
 * A worker for code of the reader's. It is started from a blob, so that this page's policy holds in it: it reaches no
 * other server. It has no page, and is ended if it never comes back.
 */
export function startBench(): Jobs<BenchJob> {
  const script = `import ${JSON.stringify(new URL(address, import.meta.url).href)};`;
  const blob = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const jobs = new Jobs<BenchJob>(new Worker(blob, { type: "module", name: "bench" }));
  jobs.watch(PATIENCE, "The code did not come back for twenty seconds, and was ended. Is there a loop without an end?");
  return jobs;
}
