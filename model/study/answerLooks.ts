import { requireKnown } from "../../core/knownNames.ts";
import { traced } from "../../nn/trace.ts";
import { concat, scope, type Tensor } from "../../tensor/index.ts";
import { ANSWER_NAMES, type AnswerOptions, answerParts } from "../generate/answerOptions.ts";
import { stopAt } from "../generate/answerText.ts";
import type { Assistant } from "../generate/assistant.ts";
import { generate } from "../generate/generate.ts";
import type { GenerateOptions } from "../generate/options.ts";
import type { InfiMM } from "../infimm.ts";
import { modelInputs, type Prompts } from "../inputs.ts";
import type { Image } from "../processor/pictures/image.ts";
import type { Message } from "../processor/text/prompt.ts";
import { attentionMaps, lookTaps, looksIn, mapsOf, openGates } from "./attentionMaps.ts";

/** A token of the answer, and where the model looked when it chose it. */
export interface Look {
  token: string;
  /** Which picture, from 1. */
  picture: number;
  /** How much of the look fell on patches; the rest fell on CLS. */
  share: number;
  /** Share of each patch, row by row. */
  map: readonly number[];
}

/** An answer with the prompt that it answers, and a look for each of its ids. */
export interface AnswerWithLooks {
  readonly prompts: Prompts;
  readonly answer: readonly number[];
  readonly looks: readonly Look[];
}

/** How to answer, and what the model is told first. */
export type LookOptions = Omit<AnswerOptions, "onEnd" | "logprobs" | "topLogprobs"> & { readonly system?: string };

const LOOK_NAMES = ANSWER_NAMES.filter((name) => !["onEnd", "logprobs", "topLogprobs"].includes(name));

/** The answer, token by token, and the attention that chose each. Special tokens, which no one sees, are left out. */
export async function answerLooks(
  assistant: Assistant,
  question: string,
  images: readonly Image[],
  options: LookOptions = {},
): Promise<Look[]> {
  const { answer, looks } = await answerWithLooks(assistant, question, images, options);
  return looks.filter((_, k) => !assistant.processor.tokenizer.isSpecial(answer[k]));
}

/** As `answerLooks`, with the ids that it is about: what the other studies of the same answer begin with. */
export async function answerWithLooks(
  assistant: Assistant,
  question: string,
  images: readonly Image[],
  options: LookOptions = {},
): Promise<AnswerWithLooks> {
  const { prompts, generation } = askedOf(assistant, question, images, options);
  return looksAt(assistant, prompts, generation);
}

/** As `answerWithLooks`, of one prompt that is there already. */
export async function looksAt(
  { model, processor }: Pick<Assistant, "model" | "processor">,
  prompts: Prompts,
  generation: GenerateOptions,
): Promise<AnswerWithLooks> {
  const look = (generation.beams ?? 1) > 1 ? lookAfterwards : lookOn;
  const { answer, maps } = await look(model, prompts, generation);
  const [, m, , rows, columns] = maps.shape;
  const data = await maps.data();
  maps.dispose();
  const looks = answer.map((id, k) => {
    const ofPictures = Array.from({ length: m }, (_, picture): Look => {
      const at = (picture * answer.length + k) * rows * columns;
      const map = Array.from(data.subarray(at, at + rows * columns));
      const share = map.reduce((sum, x) => sum + x, 0);
      return { token: processor.tokenizer.decode([id]), picture: picture + 1, share, map };
    });
    return ofPictures.reduce((a, b) => (b.share > a.share ? b : a));
  });
  return { prompts, answer, looks };
}

/** A question about pictures as a prompt, and how to answer it. Stop strings are among what ends the answer. */
export function askedOf(
  { processor }: Pick<Assistant, "processor">,
  question: string,
  images: readonly Image[],
  { system, ...options }: LookOptions = {},
): { prompts: Prompts; generation: GenerateOptions } {
  requireKnown("answerLooks", options, LOOK_NAMES);
  const { generation, prompt, stopStrings } = answerParts(options);
  const asked: Message = { role: "user", content: [...images.map((image) => ({ image })), question] };
  const told: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
  const ends = stopAt(processor, stopStrings);
  const stop = (ids: readonly number[], row: number) => generation.stop?.(ids, row) || ends(ids);
  return { prompts: processor.apply([...told, asked], prompt), generation: { ...generation, stop } };
}

/** An answer of t tokens, and where the model looked when it chose each: [1, m, t, grid, grid]. */
interface Looked {
  readonly answer: readonly number[];
  readonly maps: Tensor;
}

/** Look on while the answer is made. A token is chosen at the last position of a run. */
async function lookOn(model: InfiMM, prompts: Prompts, options: GenerateOptions): Promise<Looked> {
  using seen = traced(model, { keep: lookTaps(model), runs: "all" });
  const [answer] = await generate(model, prompts, options);
  const gates = await openGates(model);
  const { cross, resampler } = looksIn(seen.runs);
  const atLast = (runs: readonly Tensor[]) =>
    concat(
      runs.map((attn) => attn.slice(0, 0, 1).slice(2, -1)),
      2,
    );
  const maps = scope(() =>
    mapsOf({ cross: cross.map(atLast), resampler: resampler.map(([once]) => once) }, gates, prompts.pixelShape[1]),
  );
  return { answer, maps };
}

/** A beam search does not know, while it runs, which of its texts will be the answer: that one is run once more. */
async function lookAfterwards(model: InfiMM, prompts: Prompts, options: GenerateOptions): Promise<Looked> {
  const [answer] = await generate(model, prompts, options);
  return { answer, maps: await looksOfAnswer(model, prompts, answer) };
}

/** Where a model looks when it chooses each of the a tokens of an answer, all in one run: [1, m, a, grid, grid] */
export async function looksOfAnswer(model: InfiMM, prompts: Prompts, answer: readonly number[]): Promise<Tensor> {
  const ids = [...Array.from(prompts.inputIds[0]), ...answer.slice(0, -1)];
  const inputs = modelInputs({ ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] }, model.backend);
  using whole = await attentionMaps(model, inputs);
  for (const tensor of Object.values(inputs)) tensor.dispose();
  return whole.slice(2, -answer.length).held(); // of one picture it is a part of the same memory
}
