/*
 * The page comes alive: the worker is started, the model loaded, and what the state asks is answered. Until then, and
 * where it cannot be, the page stays as it was built.
 */
import { effect, signal } from "@preact/signals";
import type { Asked } from "../worker/protocol.ts";
import { Link } from "./link.ts";
import { asked, chosen, firstWord, known, root, run, show, status } from "./state.ts";

/** The worker with the model in it, once it is there. */
export const link = signal<Link | null>(null);
/** Pieces of an answer that is being made. */
export const arriving = signal<readonly string[] | null>(null);

let started: Promise<void> | undefined;
let running: AbortController | undefined;

/** Load the model, once; what was asked is then answered. */
export function goLive(): Promise<void> {
  started ??= load().catch((error: unknown) => {
    started = undefined; // another try may be luckier
    fail(error);
  });
  return started;
}

async function load(): Promise<void> {
  status.value = { is: "loading", share: 0 };
  const made = new Link();
  const folder = new URL(`${root.value}infimm-tiny`, location.href).href;
  const backend = await made.load({ folder, pictures: known.value.pictures }, (share) => {
    status.value = { is: "loading", share };
  });
  link.value = made;
  let isFirst = true;
  effect(() => {
    const wish = asked.value;
    void answer(made, wish, { backend, isFirst });
    isFirst = false;
  });
}

/** Answer what is asked. The answer that the page came with is made again, and stands there meanwhile. */
async function answer(
  made: Link,
  wish: Asked,
  { backend, isFirst }: { backend: string; isFirst: boolean },
): Promise<void> {
  running?.abort();
  const { signal: cancelled } = (running = new AbortController());
  status.value = { is: "thinking" };
  arriving.value = null;
  const isKnown = isSame(wish, run.peek());
  const began = performance.now();
  try {
    const onEvent = ({ pieces }: { pieces: string[] }) => {
      if (!isKnown && !cancelled.aborted) arriving.value = pieces;
    };
    const answered = await made.run(wish, { signal: cancelled, onEvent });
    if (!isKnown && !isFirst) chosen.value = firstWord(answered);
    show(answered);
    arriving.value = null;
    status.value = { is: "live", seconds: (performance.now() - began) / 1000, backend };
  } catch (error) {
    if (!cancelled.aborted) fail(error);
  }
}

function fail(error: unknown): void {
  status.value = { is: "failed", message: error instanceof Error ? error.message : String(error) };
}

function isSame(a: Asked, b: Asked): boolean {
  return a.question === b.question && a.pictures.join() === b.pictures.join();
}
