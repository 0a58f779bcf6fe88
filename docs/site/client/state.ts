/*
 * What the site is about at a moment: one question about pictures, its answer, and the word that the reader has chosen.
 * Every figure follows these. At build they hold the snapshot, of which pages are made.
 */
import { computed, signal } from "@preact/signals";
import type { Asked, Known, Run } from "../worker/protocol.ts";

/** Whether the numbers on the page were found at build or here. */
export type Status =
  | { readonly is: "snapshot" }
  | { readonly is: "loading"; readonly share: number }
  | { readonly is: "thinking" }
  | { readonly is: "live"; readonly seconds: number; readonly backend: string }
  | { readonly is: "failed"; readonly message: string };

/** How to get from a page to the root of the site: "./", "../", … */
export const root = signal("./");
export const known = signal<Known>({ pictures: [], questions: [], side: 1 });
export const asked = signal<Asked>({ pictures: [], question: "" });
export const run = signal<Run>({ pictures: [], question: "", tokens: [] });
export const status = signal<Status>({ is: "snapshot" });
/** Index of the chosen token among those of the answer. */
export const chosen = signal(0);
/** Whether special tokens are shown, too. */
export const showsSpecial = signal(false);

/** The tokens that are shown, with their places in the answer. */
export const words = computed(() =>
  run.value.tokens.map((token, at) => ({ ...token, at })).filter(({ special }) => showsSpecial.value || !special),
);
export const word = computed(() => run.value.tokens[chosen.value] ?? run.value.tokens[0]);

/** Choose another word, some steps on or back. */
export function stepWord(by: number): void {
  const here = words.value.findIndex(({ at }) => at === chosen.value);
  const next = words.value[Math.min(words.value.length - 1, Math.max(0, here + by))];
  if (next) chosen.value = next.at;
}

/** An answer that has come: its chosen word is the one that stood there, if it is as long. */
export function show(answered: Run): void {
  run.value = answered;
  if (chosen.value >= answered.tokens.length) chosen.value = 0;
}

/** The word to begin with: the one that needs the picture most. */
export function firstWord({ tokens }: Run): number {
  const needs = tokens.map(({ probability, blind, special }) => (special ? 0 : Math.log(probability / blind)));
  return needs.indexOf(Math.max(...needs));
}
