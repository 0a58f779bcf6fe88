import type { Request, Response } from "./protocol.ts";
import { Queue, type Turn } from "./queue.ts";

const send = (response: Response) => postMessage(response);

/** In a worker: do what the page asks, one job after the other, and say at once that one is still there. */
export function serveJobs<Job>(work: (job: Job, turn: Turn) => Promise<unknown>): void {
  const queue = new Queue();
  addEventListener("message", ({ data }: MessageEvent<Request<Job>>) => {
    if ("ping" in data) return send({ pong: true });
    if ("cancel" in data) return queue.cancel(data.cancel);
    const { id, job } = data;
    queue.add(id, async (signal) => {
      try {
        const result = await work(job, { signal, tell: (event) => send({ id, event }) });
        send({ id, result });
      } catch (error) {
        send({ id, error: error instanceof Error ? error.message : String(error) });
      }
    });
  });
}
