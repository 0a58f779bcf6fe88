import type { Image } from "../processor/pictures/image.ts";
import type { Prompt } from "../processor/text/prompt.ts";

/**
 * Few-shot prompts of OpenFlamingo's evaluation, for checkpoints without chat training. They have no chat template;
 * generation stops at `<|endofchunk|>`. Each example stands on a line of its own, the question last.
 */

/** An example. Without `image` it is text only: the evaluation's "0-shot" shows two of those. */
export interface CaptionExample<Picture = Image> {
  image?: Picture;
  caption: string;
}

/** A question with its answer, as a demonstration, or without one: the one that is asked. */
export interface VqaExample<Picture = Image> {
  image?: Picture;
  question: string;
  answer: string;
}

/** "<image>Output:" after the examples. */
export function captionPrompt<Picture>(
  image: Picture,
  examples: readonly CaptionExample<Picture>[] = [],
): Prompt<Picture> {
  const answered = examples.map((example) => ({ image: example.image, text: `Output:${example.caption.trim()}` }));
  return fewShot(answered, { image, text: "Output:" });
}

/** "<image>Question:... Short answer:" after the examples. */
export function vqaPrompt<Picture>(
  image: Picture,
  question: string,
  examples: readonly VqaExample<Picture>[] = [],
): Prompt<Picture> {
  const ask = (text: string) => `Question:${text} Short answer:`;
  const answered = examples.map((example) => ({ image: example.image, text: ask(example.question) + example.answer }));
  return fewShot(answered, { image, text: ask(question) });
}

function fewShot<Picture>(
  examples: readonly { image?: Picture; text: string }[],
  query: { image: Picture; text: string },
): Prompt<Picture> {
  const lines = examples.map(({ image, text }) => `${image === undefined ? "" : "<image>"}${text}<|endofchunk|>\n`);
  const shown = examples.flatMap(({ image }) => (image === undefined ? [] : [image]));
  return { text: `${lines.join("")}<image>${query.text}`, images: [...shown, query.image] };
}
