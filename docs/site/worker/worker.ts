/** The worker: the model and all that is asked of it, off the page's thread. */
import "../../../backends/registerOwn.ts";
import { studies } from "../studies/studies.ts";
import type { Job, Request, Response } from "./protocol.ts";
import { Queue, type Turn } from "./queue.ts";
import { Session } from "./session.ts";

const queue = new Queue();
let opened: Session | undefined;

const send = (response: Response) => postMessage(response);

async function work(job: Job, turn: Turn): Promise<unknown> {
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

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  if ("cancel" in data) return queue.cancel(data.cancel);
  const { id, job } = data;
  queue.add(id, async (signal) => {
    try {
      const result = await work(job, { signal, tell: (event) => send({ id, event }) });
      if (!signal.aborted) send({ id, result });
    } catch (error) {
      if (!signal.aborted) send({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
});
