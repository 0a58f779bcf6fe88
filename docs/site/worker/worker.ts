/**
 * The worker: the model and all that is asked of it, off the page's thread. One by the name of "bench" has a model to be
 * changed instead; what it needs beside the library it loads then.
 */
import "../../../backends/registerOwn.ts";
import type { BenchJob } from "../bench/protocol.ts";
import { studies } from "../studies/studies.ts";
import type { Job } from "./protocol.ts";
import type { Turn } from "./queue.ts";
import { serveJobs } from "./serveJobs.ts";
import { Session } from "./session.ts";

let opened: Session | undefined;

async function shipped(job: Job, turn: Turn): Promise<unknown> {
  if ("load" in job) {
    opened = await Session.open(job.load, turn.tell);
    return opened.backend;
  }
  if (!opened) throw new Error("The model is not loaded yet.");
  if ("run" in job) return opened.run(job.run, turn);
  if ("see" in job) return opened.see(job.see);
  const { name, asked, params } = job.study;
  return studies[name].measure(opened, asked, params, turn);
}

if (self.name === "bench") {
  serveJobs<BenchJob>(async (job, turn) => (await import("../bench/benchJobs.ts")).benchJob(job, turn));
} else serveJobs<Job>(shipped);
