import { Generator } from "../../core/random.ts";
import { compute } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import { Decoder } from "./decoder.ts";
import { completeOptions, forbiddenTokens, type GenerateOptions } from "./options.ts";
import { drawToken, filterLogits } from "./sampling.ts";

/**
 * Continue prompts, token by token: each step yields one id a sample. After a sample's end of sequence (which is
 * yielded) it yields the padding id. Pictures are encoded once, and keys and values are cached.
 */
export async function* generateSteps(
  model: InfiMM,
  prompts: Prompts,
  options: GenerateOptions = {},
): AsyncGenerator<number[]> {
  const complete = completeOptions(options, model.config);
  const { maxNewTokens, eosTokenIds, sampling, seed, signal } = complete;
  const { vocab_size, pad_token_id, eos_token_id } = model.config.language;
  const ended = prompts.inputIds.map(() => false);
  const generator = new Generator(seed);
  using decoder = new Decoder(model, prompts);

  for (let step = 0; step < maxNewTokens && ended.includes(false); step++) {
    await eventLoop();
    signal?.throwIfAborted();
    const forbidden = forbiddenTokens(complete, model.config, step);
    const chosen = sampling
      ? rowsOf(await compute(() => decoder.logits(forbidden)), vocab_size).map((row) =>
          drawToken(filterLogits(row, sampling), generator),
        )
      : Array.from(await compute(() => decoder.logits(forbidden).argmax(-1)));
    const ids = chosen.map((id, row) => (ended[row] ? (pad_token_id ?? eos_token_id) : id));
    for (const [row, id] of ids.entries()) ended[row] ||= eosTokenIds.includes(id);
    decoder.append(ids);
    yield ids;
  }
}

/** The new tokens of each sample, end of sequence included; samples that ended early are filled with padding. */
export async function generate(model: InfiMM, prompts: Prompts, options: GenerateOptions = {}): Promise<number[][]> {
  const rows: number[][] = prompts.inputIds.map(() => []);
  for await (const ids of generateSteps(model, prompts, options)) {
    for (const [row, id] of ids.entries()) rows[row].push(id);
  }
  return rows;
}

/** Stretches of `width` elements. */
export function rowsOf<T extends { readonly length: number; subarray(from: number, to: number): T }>(
  values: T,
  width: number,
): T[] {
  return Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));
}

/** Let what waits outside have its turn: on the CPU a token is computed at once, and Ctrl-C would never be heard. */
export function eventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
