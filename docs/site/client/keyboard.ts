import { showsSpecial, stepWord } from "./state.ts";

/** A key with what it does, in words for the list of keys. */
interface Key {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

const click = (selector: string) => document.querySelector<HTMLElement>(selector)?.click();

export const KEYS: readonly Key[] = [
  { key: "[", does: "the word before", run: () => stepWord(-1) },
  { key: "]", does: "the next word", run: () => stepWord(1) },
  { key: "/", does: "ask something else", run: () => document.getElementById("question")?.focus() },
  { key: "t", does: "special tokens, too", run: () => (showsSpecial.value = !showsSpecial.value) },
  { key: "n", does: "the next page", run: () => click("[rel=next]") },
  { key: "p", does: "the page before", run: () => click("[rel=prev]") },
  { key: "?", does: "these keys", run: () => click("#keys") },
];

/** Single keys, while no field has the focus. */
export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isOff()) return;
    if ((event.target as HTMLElement).closest("input:not([type=radio]), textarea, select, dialog, [contenteditable]"))
      return;
    const key = KEYS.find((one) => one.key === event.key);
    if (!key) return;
    event.preventDefault();
    key.run();
  });
}

/** Whether single keys are switched off (WCAG 2.1.4). */
export function isOff(): boolean {
  return document.documentElement.dataset["keys"] === "off";
}

export function switchKeys(on: boolean): void {
  document.documentElement.dataset["keys"] = on ? "on" : "off";
}
