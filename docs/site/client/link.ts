import type { Asked, Job, PictureRef, Run, Shipped } from "../worker/protocol.ts";
import { Jobs, type SendOptions } from "./jobs.ts";

/** The page's end of the worker with the model that ships. Nothing else speaks to it. */
export class Link {
  readonly #jobs = new Jobs<Job>(new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" }));

  load(shipped: Shipped, onEvent: (share: number) => void): Promise<string> {
    return this.#jobs.send({ load: shipped }, { onEvent });
  }

  run(asked: Asked, options: SendOptions<{ pieces: string[] }>): Promise<Run> {
    return this.#jobs.send({ run: asked }, options);
  }

  study<Data>(name: string, asked: Asked, params: unknown, options: SendOptions<unknown>): Promise<Data> {
    return this.#jobs.send({ study: { name, asked, params } }, options);
  }

  see(source: Blob | PictureRef): Promise<Uint8Array> {
    return this.#jobs.send({ see: source }, {});
  }
}
