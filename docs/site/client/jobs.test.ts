import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Jobs } from "./jobs.ts";

/** A worker that says what the test says. */
class Told extends EventTarget {
  readonly posted: unknown[] = [];
  isEnded = false;
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  terminate(): void {
    this.isEnded = true;
  }
  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

let worker: Told;
let jobs: Jobs<string>;
beforeEach(() => {
  vi.useFakeTimers();
  worker = new Told();
  jobs = new Jobs<string>(worker as unknown as Worker);
});
afterEach(() => {
  vi.useRealTimers();
});

test("each job gets its own events, result or error; one that is given up is cancelled, and nobody waits for it", async () => {
  const heard: unknown[] = [];
  const [first, second] = [jobs.send("a", { onEvent: (event) => heard.push(event) }), jobs.send("b")];
  const abort = new AbortController();
  const third = jobs.send("c", { signal: abort.signal });
  worker.say({ id: 1, event: 0.5 });
  worker.say({ id: 2, error: "no" });
  worker.say({ id: 1, result: "yes" });
  abort.abort(new Error("enough"));
  worker.say({ id: 3, result: "late" });
  expect(await first).toBe("yes");
  await expect(second).rejects.toThrow("no");
  await expect(third).rejects.toThrow("enough");
  expect(heard).toEqual([0.5]);
  expect(worker.posted).toEqual([{ id: 1, job: "a" }, { id: 2, job: "b" }, { id: 3, job: "c" }, { cancel: 3 }]);
});

test("a worker that has spoken, has something to do and falls silent is ended; no other is", async () => {
  jobs.watch(4, "lost");
  const loading = jobs.send("load");
  vi.advanceTimersByTime(60_000); // a slow line: it has not begun to speak
  worker.say({ id: 1, result: "loaded" });
  expect(await loading).toBe("loaded");
  vi.advanceTimersByTime(60_000); // nothing to do
  expect(jobs.isOver).toBe(false);
  const busy = jobs.send("work");
  for (let turn = 0; turn < 20; turn++) {
    vi.advanceTimersByTime(1500);
    worker.say({ pong: true });
  }
  expect(jobs.isOver).toBe(false);
  expect(worker.posted).toContainEqual({ ping: true });
  const lost = expect(busy).rejects.toThrow("lost");
  vi.advanceTimersByTime(2500);
  await lost;
  expect([jobs.isOver, worker.isEnded]).toEqual([true, true]);
});
