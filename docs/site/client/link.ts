import type { Asked, Job, PictureRef, Request, Response, Run, Shipped } from "../worker/protocol.ts";

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent?: (event: never) => void;
}

interface SendOptions<Event> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

/** The page's end of the worker: jobs as promises. Nothing else speaks to the worker. */
export class Link {
  readonly #worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
  readonly #open = new Map<number, Open>();
  #last = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Response>) => this.#hear(data));
    this.#worker.addEventListener("error", ({ message }) => {
      const error = new Error(`The model's worker has stopped: ${message || "it could not be loaded"}.`);
      for (const { reject } of this.#open.values()) reject(error);
      this.#open.clear();
    });
  }

  load(shipped: Shipped, onEvent: (share: number) => void): Promise<string> {
    return this.#send({ load: shipped }, { onEvent });
  }

  run(asked: Asked, options: SendOptions<{ pieces: string[] }>): Promise<Run> {
    return this.#send({ run: asked }, options);
  }

  study<Data>(name: string, asked: Asked, params: unknown, options: SendOptions<unknown>): Promise<Data> {
    return this.#send({ study: { name, asked, params } }, options);
  }

  see(source: Blob | PictureRef): Promise<Uint8Array> {
    return this.#send({ see: source }, {});
  }

  #send<Result, Event>(job: Job, { signal, onEvent }: SendOptions<Event>): Promise<Result> {
    const id = ++this.#last;
    const post = (request: Request) => this.#worker.postMessage(request);
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#open.set(id, { resolve: resolve as (result: unknown) => void, reject, onEvent });
      post({ id, job });
      signal?.addEventListener("abort", () => {
        if (!this.#open.delete(id)) return;
        post({ cancel: id });
        reject(signal.reason);
      });
    });
  }

  #hear(response: Response): void {
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
