/** What a job may do while it runs. */
export interface Turn {
  /** Throws once the job was cancelled: a long job asks between its steps. */
  readonly signal: AbortSignal;
  /** Something to show before the end. */
  readonly tell: (event: unknown) => void;
}

interface Waiting {
  readonly id: number;
  readonly abort: AbortController;
  readonly start: () => Promise<void>;
}

/** Jobs one after the other: there is one model. A cancelled job that waits never begins; one that runs is told. */
export class Queue {
  readonly #waiting: Waiting[] = [];
  #running: Waiting | undefined;

  add(id: number, job: (signal: AbortSignal) => Promise<void>): void {
    const abort = new AbortController();
    this.#waiting.push({ id, abort, start: () => job(abort.signal) });
    void this.#next();
  }

  cancel(id: number): void {
    const at = this.#waiting.findIndex((one) => one.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#running?.id === id) this.#running.abort.abort();
  }

  async #next(): Promise<void> {
    if (this.#running) return;
    this.#running = this.#waiting.shift();
    if (!this.#running) return;
    try {
      await this.#running.start();
    } finally {
      this.#running = undefined;
      void this.#next();
    }
  }
}
