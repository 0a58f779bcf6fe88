import { traced } from "../../nn/trace.ts";
import { concat, scope, type Tensor } from "../../tensor/index.ts";
import { type AnswerOptions, answerParts } from "../generate/answerOptions.ts";
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
export type LookOptions = AnswerOptions & { readonly system?: string };

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
  { model, processor }: Assistant,
  question: string,
  images: readonly Image[],
  { system, ...options }: LookOptions = {},
): Promise<AnswerWithLooks> {
  const { generation, prompt, stopStrings } = answerParts(options);
  const asked: Message = { role: "user", content: [...images.map((image) => ({ image })), question] };
  const told: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
  const prompts = processor.apply([...told, asked], prompt);
  const ends = stopAt(processor, stopStrings);
  const { stop, beams = 1 } = generation;
  const ending = { ...generation, stop: (ids: readonly number[], row: number) => stop?.(ids, row) || ends(ids) };
  const { answer, maps } = await (beams > 1 ? lookAfterwards : lookOn)(model, prompts, ending);
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
  const ids = [...Array.from(prompts.inputIds[0]), ...answer.slice(0, -1)];
  const all = { ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] };
  const inputs = modelInputs(all, model.backend);
  using whole = await attentionMaps(model, inputs);
  for (const tensor of Object.values(inputs)) tensor.dispose();
  return { answer, maps: scope(() => whole.slice(2, -answer.length).contiguous()) };
}
