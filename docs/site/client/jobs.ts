import type { Request, Response } from "../worker/protocol.ts";

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent?: (event: never) => void;
}

export interface SendOptions<Event> {
  /** Gives the job up: what comes of it is not waited for. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

/** A page's end of a worker that serves jobs (worker/serveJobs.ts): jobs as promises. */
export class Jobs<Job> {
  readonly #worker: Worker;
  readonly #open = new Map<number, Open>();
  #last = 0;
  #isOver = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Response>) => this.#hear(data));
    worker.addEventListener("error", ({ message }) => {
      this.#fail(`The model's worker has stopped: ${message || "it could not be loaded"}.`);
    });
  }

  send<Result, Event = unknown>(job: Job, { signal, onEvent }: SendOptions<Event> = {}): Promise<Result> {
    const id = ++this.#last;
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#open.set(id, { resolve: resolve as (result: unknown) => void, reject, onEvent });
      this.#post({ id, job });
      signal?.addEventListener("abort", () => {
        if (!this.#open.delete(id)) return;
        this.#post({ cancel: id });
        reject(signal.reason);
      });
    });
  }

  /** Whether the worker was ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tell the job that runs to come to an end. What it returns then is its result. */
  stop(): void {
    for (const id of this.#open.keys()) this.#post({ cancel: id });
  }

  /**
   * End the worker if it has begun to speak and then does not say that it is there for so many turns of half a second, as
   * code that never comes back. Turns of this page count, not seconds: where the machine stands still, both do.
   */
  watch(turns: number, complaint: string): void {
    let silent = 0;
    let hasSpoken = false;
    this.#worker.addEventListener("message", () => {
      hasSpoken = true;
      silent = 0;
    });
    this.#timer = setInterval(() => {
      if (this.#open.size === 0 || !hasSpoken) silent = 0;
      else if (++silent > turns) this.end(complaint);
      else this.#post({ ping: true });
    }, 500);
  }

  /** End the worker; what it was asked fails with `why`. */
  end(why: string): void {
    clearInterval(this.#timer);
    this.#isOver = true;
    this.#worker.terminate();
    this.#fail(why);
  }

  #fail(message: string): void {
    const error = new Error(message);
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }

  #post(request: Request<Job>): void {
    this.#worker.postMessage(request);
  }

  #hear(response: Response): void {
    if ("pong" in response) return;
    const open = this.#open.get(response.id);
    if (!open) return;
    if ("event" in response) {
      open.onEvent?.(response.event as never);
      return;
    }
    this.#open.delete(response.id);
    if ("error" in response) open.reject(new Error(response.error));
    else open.resolve(response.result);
  }
}
