import { InfimmError } from "../../core/errors.ts";
import { nodeModule } from "../../core/nodeModule.ts";
import { Assistant } from "../generate/assistant.ts";
import type { Reply, Request } from "./messages.ts";

/** The other side of a worker, in Node and in browsers. */
interface Port {
  post(reply: Reply): void;
  listen(hear: (request: Request) => void): void;
}

/**
 * Serves one assistant to whoever started this worker: `WorkerAssistant` on the other side has its interface.
 * @throws InfimmError outside of a worker
 */
export function serveAssistant(port: Port = parent()): void {
  let assistant: Promise<Assistant> | undefined;
  const running = new Map<number, AbortController>();
  port.listen(async (request) => {
    const { id } = request;
    if (request.call === "abort") return running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    const tell = (name: string) =>
      [name, (...args: unknown[]) => port.post({ id, event: "heard", name, args })] as const;
    const options = { ...request.args[1], ...Object.fromEntries(request.hears.map(tell)), signal: abort.signal };
    let result: unknown;
    try {
      if (request.call === "open") await (assistant = Assistant.fromPretrained(request.args[0], options));
      else if (!assistant) throw new InfimmError("worker: no model has been opened");
      else if (request.call === "replies") result = await (await assistant).replies(request.args[0], options);
      else {
        const pieces = (await assistant).reply(request.args[0], options);
        for await (const piece of pieces) port.post({ id, event: "piece", piece });
      }
      port.post({ id, event: "end", result });
    } catch (error) {
      const { name, message } = error as Error;
      port.post({ id, event: "error", name, message });
    } finally {
      running.delete(id);
    }
  });
}

function parent(): Port {
  const node = nodeModule<typeof import("node:worker_threads")>("node:worker_threads")?.parentPort;
  if (node) return { post: (reply) => node.postMessage(reply), listen: (hear) => void node.on("message", hear) };
  if (typeof postMessage !== "function" || "document" in globalThis || globalThis.process?.versions?.node) {
    throw new InfimmError("worker: this file is for a worker; start it by new Worker(…)");
  }
  return {
    post: (reply) => postMessage(reply),
    listen: (hear) => addEventListener("message", ({ data }: MessageEvent<Request>) => hear(data)),
  };
}
