import * as errors from "../../core/errors.ts";
import { InfimmError } from "../../core/errors.ts";
import { isHubId } from "../checkpoint/hub/hubId.ts";
import type { PretrainedOptions } from "../checkpoint/checkpoint.ts";
import type { AnswerOptions } from "../generate/answerOptions.ts";
import { Chat, type Replier } from "../generate/chat.ts";
import { drawnPixels, isDrawable } from "../processor/pictures/drawn.ts";
import { MAX_PIXELS } from "../processor/pictures/decodeImage.ts";
import type { PictureSource } from "../processor/pictures/readPicture.ts";
import { pictureList, type UnreadInput } from "../processor/pictures/readPictures.ts";
import type { Calls, Reply, Request } from "./messages.ts";

/** A worker of a browser, or one of Node's `worker_threads`. */
export interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  addEventListener?: {
    (type: "message", hear: (event: { data: unknown }) => void): void;
    (type: "error" | "messageerror", hear: (event: object) => void): void;
  };
  on?: {
    (type: "message", hear: (reply: unknown) => void): unknown;
    (type: "error", hear: (cause: Error) => void): unknown;
    (type: "exit", hear: (code: number) => void): unknown;
  };
}

/** Options that are functions and would have to run between two tokens, beside the model. */
const INSIDE = ["stop", "processors", "onMatch"];

/** A request that has not ended: who waits for its pieces, its end, and what else it hears. */
interface Pending {
  readonly pieces: string[];
  readonly hearers: Readonly<Record<string, (...args: unknown[]) => void>>;
  result?: unknown;
  ended: boolean;
  error?: unknown;
  wake: () => void;
}

/**
 * An `Assistant` that lives in a worker, so that a page never stands still: the same questions, the same answers. The
 * worker's file is the one line `import "infimm/worker/serve";`.
 *
 *     const worker = new Worker(new URL("./assistant.worker.js", import.meta.url), { type: "module" });
 *     const assistant = await WorkerAssistant.fromPretrained(worker, "https://…/infimm-tiny");
 *     for await (const piece of assistant.ask("What is this?", file)) answer.append(piece);
 *
 * In Node, a worker of `worker_threads`. What cannot cross is refused: `stop`, `processors` and `onMatch`, and a
 * backend that is no name.
 */
export class WorkerAssistant implements Replier {
  readonly #worker: AnyWorker;
  readonly #pending = new Map<number, Pending>();
  #ids = 0;
  #ended: Error | undefined;

  private constructor(worker: AnyWorker) {
    this.#worker = worker;
    const fail = (cause: { message?: string }) => {
      const { message = "it could not be started" } = cause;
      this.#end(new InfimmError(`worker: ${message}`, { cause }));
    };
    if (worker.on) {
      worker.on("message", (reply) => this.#hear(reply as Reply));
      worker.on("error", fail);
      worker.on("exit", () => this.#end(new InfimmError("worker: it has ended")));
    } else {
      worker.addEventListener!("message", ({ data }) => this.#hear(data as Reply));
      worker.addEventListener!("error", fail);
      worker.addEventListener!("messageerror", fail);
    }
  }

  /** As `Assistant.fromPretrained`, in that worker. In browsers, `source` and pictures' addresses are the page's. */
  static async fromPretrained(
    worker: AnyWorker,
    source: string,
    options: PretrainedOptions = {},
  ): Promise<WorkerAssistant> {
    if (typeof options.backend === "object") {
      throw new InfimmError('worker: a backend cannot cross into a worker; give its name, such as { backend: "wasm" }');
    }
    const assistant = new WorkerAssistant(worker);
    await assistant.#call("open", [isHubId(source) ? source : absolute(source), options]);
    return assistant;
  }

  /** As `Assistant.ask`. */
  async *ask(
    question: string,
    pictures: PictureSource | readonly PictureSource[] = [],
    options: AnswerOptions = {},
  ): AsyncGenerator<string> {
    const images = pictureList(pictures).map((image) => ({ image }));
    yield* this.reply([{ role: "user", content: [...images, question] }], options);
  }

  /** As `Assistant.reply`. */
  async *reply(conversation: UnreadInput, options: AnswerOptions = {}): AsyncGenerator<string> {
    const { id, pending } = this.#post("reply", [await sendable(conversation), options]);
    try {
      for (;;) {
        while (pending.pieces.length > 0) yield pending.pieces.shift()!;
        if (pending.error !== undefined) throw pending.error;
        if (pending.ended) return;
        await new Promise<void>((resolve) => (pending.wake = resolve));
      }
    } finally {
      this.#forget(id, pending);
    }
  }

  /** As `Assistant.replies`. */
  async replies(conversations: readonly UnreadInput[], options: AnswerOptions = {}): Promise<string[][]> {
    return this.#call("replies", [await Promise.all(conversations.map(sendable)), options]);
  }

  /** As `Assistant.chat`. */
  chat(options: { system?: string } = {}): Chat {
    return new Chat(this, options);
  }

  /** Ends the worker, and with it everything that it holds. What it was about to say fails. */
  dispose(): void {
    this.#end(new InfimmError("worker: the assistant was disposed of"));
    this.#worker.terminate();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #call<Name extends keyof Calls>(call: Name, args: Calls[Name]["args"]): Promise<Calls[Name]["result"]> {
    const { id, pending } = this.#post(call, args);
    try {
      while (!pending.ended && pending.error === undefined) {
        await new Promise<void>((resolve) => (pending.wake = resolve));
      }
      if (pending.error !== undefined) throw pending.error;
      return pending.result as Calls[Name]["result"];
    } finally {
      this.#forget(id, pending);
    }
  }

  #post<Name extends keyof Calls>(call: Name, [what, all]: Calls[Name]["args"]) {
    if (this.#ended) throw this.#ended;
    const { signal, ...given } = all as { signal?: AbortSignal };
    signal?.throwIfAborted();
    const refused = INSIDE.find((name) => (given as Record<string, unknown>)[name] !== undefined);
    if (refused) throw new InfimmError(`worker: ${refused} cannot cross into a worker; use an Assistant inside of it`);
    const hearers: Record<string, (...args: unknown[]) => void> = {};
    const rest: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
      if (typeof value === "function") hearers[name] = value as (...args: unknown[]) => void;
      else rest[name] = value;
    }
    const id = this.#ids++;
    const pending: Pending = { pieces: [], hearers, ended: false, wake: () => {} };
    this.#pending.set(id, pending);
    const request = { id, call, args: [what, rest], hears: Object.keys(hearers) } as unknown as Request;
    this.#worker.postMessage(request);
    signal?.addEventListener("abort", () => {
      pending.error ??= signal.reason;
      pending.wake();
    });
    return { id, pending };
  }

  /** After its end nobody waits; before, the worker need not go on. */
  #forget(id: number, pending: Pending): void {
    if (!this.#pending.delete(id) || pending.ended || this.#ended) return;
    this.#worker.postMessage({ id, call: "abort" } satisfies Request);
  }

  #hear(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return; // it was broken off
    if (reply.event === "heard") pending.hearers[reply.name](...reply.args);
    else if (reply.event === "piece") pending.pieces.push(reply.piece);
    else {
      pending.ended = true;
      if (reply.event === "end") pending.result = reply.result;
      else pending.error ??= errorOf(reply);
    }
    pending.wake();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) {
      pending.error ??= this.#ended;
      pending.wake();
    }
  }
}

/** An error of the worker's, of the same class if it is one of ours. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  const Known = (errors as unknown as Record<string, new (message: string) => Error>)[name] ?? InfimmError;
  return new Known(message);
}

/** A conversation with everything in it that a worker can be sent: addresses are whole, and what is drawn is pixels. */
async function sendable(input: UnreadInput): Promise<UnreadInput> {
  return (await mapped(input)) as UnreadInput;
}

async function mapped(value: unknown, key = ""): Promise<unknown> {
  const isPicture = key === "image" || key === "images" || key === "url" || key === "image_url";
  if (isDrawable(value)) return drawnPixels(value, MAX_PIXELS);
  if (isPicture && (typeof value === "string" || value instanceof URL)) return absolute(String(value));
  if (Array.isArray(value)) return Promise.all(value.map((one) => mapped(one, key)));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const fields = Object.entries(value).map(async ([name, one]) => [name, await mapped(one, name)] as const);
  return Object.fromEntries(await Promise.all(fields));
}

/** In a page, addresses are relative to the page, and a worker would take them as relative to its own file. */
function absolute(address: string): string {
  return "document" in globalThis ? new URL(address, document.baseURI).href : address;
}
