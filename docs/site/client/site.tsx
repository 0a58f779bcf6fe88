/** What runs on every page: the bar and the figures take over what already stands there. */
import { effect } from "@preact/signals";
import { hydrate } from "preact";
import { Figure } from "../widgets/Figure.tsx";
import { RunBar } from "../widgets/RunBar.tsx";
import { WIDGETS } from "../widgets/widget.ts";
import type { Known, Run } from "../worker/protocol.ts";
import { addressOf, readAddress } from "./address.ts";
import { listenToKeys } from "./keyboard.ts";
import { goLive } from "./live.ts";
import { draw } from "./pictures.ts";
import { scrub } from "./scrubber.tsx";
import { asked, chosen, firstWord, known, root, show } from "./state.ts";

/** How long the address waits for the next change, in ms. */
const ADDRESS_WAITS = 200;

const { run: built, known: facts } = (globalThis as unknown as { built: { run: Run; known: Known } }).built;
root.value = document.documentElement.dataset["root"]!;
known.value = facts;
const usual = { pictures: built.pictures, question: built.question };
asked.value = usual;
chosen.value = firstWord(built);
show(built);

hydrate(<RunBar />, document.getElementById("bar")!);
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      void wake(target as HTMLElement);
    }
  },
  { rootMargin: "400px" },
);
for (const figure of document.querySelectorAll("figure[data-widget]")) near.observe(figure);

for (const block of document.querySelectorAll<HTMLElement>(".code:has([data-line])")) scrub(block);

async function wake(figure: HTMLElement): Promise<void> {
  const name = figure.dataset["widget"]!;
  const initial: unknown = JSON.parse(figure.querySelector("script")!.textContent);
  const widget = await WIDGETS[name]();
  hydrate(<Figure name={name} widget={widget} initial={initial} />, figure.querySelector(".view")!);
}

function follow(): void {
  const place = readAddress(location.search, location.hash, usual, facts);
  asked.value = place.asked;
  if (place.word !== null) chosen.value = place.word;
}
follow();
let timer: ReturnType<typeof setTimeout> | undefined;
let isFirst = true;
effect(() => {
  const place = { asked: asked.value, word: chosen.value };
  for (const ref of asked.value.pictures) if (ref.startsWith("s:")) void draw(ref);
  if (isFirst) isFirst = false;
  else {
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(null, "", addressOf(place, usual, location.hash) || location.pathname);
    }, ADDRESS_WAITS);
  }
});
listenToKeys();

/** Whether the reader's connection is one that eight megabytes cost something. */
const { connection } = navigator as { connection?: { saveData?: boolean } };
if (connection?.saveData && asked.value.question === usual.question)
  addEventListener("pointerdown", () => void goLive(), { once: true }); // biome-ignore format: one line
else (globalThis.requestIdleCallback ?? setTimeout)(() => void goLive());
