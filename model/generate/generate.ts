import { InfimmError } from "../../core/errors.ts";
import { Generator } from "../../core/random.ts";
import { KVCache } from "../../nn/kvCache.ts";
import { type Backend, compute, fromData, noGrad, scope, type Tensor } from "../../tensor/index.ts";
import { type MediaPlaces, mediaPlaces, placesAfter } from "../crossAttention/media.ts";
import type { InfiMM } from "../infimm.ts";
import { idTensor, type Prompts } from "../inputs.ts";
import { type CompleteOptions, completeOptions, type GenerateOptions } from "./options.ts";
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
  const { maxNewTokens, eosTokenIds, signal } = complete;
  const padId = model.config.language.pad_token_id ?? model.config.language.eos_token_id;
  const batch = prompts.inputIds.length;
  const ended = new Array<boolean>(batch).fill(false);
  const decoder = new Decoder(model, prompts, complete);
  try {
    for (let step = 0; step < maxNewTokens && ended.includes(false); step++) {
      await eventLoop();
      signal?.throwIfAborted();
      const chosen = await decoder.next(step);
      const ids = chosen.map((id, row) => (ended[row] ? padId : id));
      ids.forEach((id, row) => {
        if (eosTokenIds.includes(id)) ended[row] = true;
      });
      decoder.append(ids);
      yield ids;
    }
  } finally {
    decoder[Symbol.dispose]();
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

/** Let what waits outside have its turn: on the CPU a token is computed at once, and Ctrl-C would never be heard. */
function eventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** One decoding in progress: the pictures, the cache, and the tokens that have not been run yet. */
class Decoder {
  private readonly model: InfiMM;
  private readonly options: CompleteOptions;
  private readonly backend: Backend;
  private readonly generator: Generator;
  private readonly cache = new KVCache();
  private readonly features: Tensor;
  /** [b][all tokens so far] */
  private readonly mask: number[][];
  /** The tokens to run next: the prompt, then one a sample. */
  private pending: readonly ArrayLike<number>[];
  /** The tokens whose `<image>`s tell where the pictures stand. */
  private placed: readonly ArrayLike<number>[];

  constructor(model: InfiMM, prompts: Prompts, options: CompleteOptions) {
    checkPrompts(prompts);
    this.model = model;
    this.options = options;
    this.backend = model.model.lang_encoder.lm_head.weight.backend;
    this.generator = new Generator(options.seed);
    this.mask = prompts.attentionMask.map((row) => Array.from(row));
    this.pending = prompts.inputIds;
    this.placed = prompts.inputIds;
    this.features = noGrad(() =>
      scope(() => model.model.encode(fromData(prompts.pixelValues, prompts.pixelShape, "f32", this.backend))),
    );
  }

  /** The next token of each sample. */
  async next(step: number): Promise<number[]> {
    const { sampling, minNewTokens, eosTokenIds, imageToken } = this.options;
    const forbidden = [
      ...(imageToken === "forbid" ? [this.model.config.image_token_id] : []),
      ...(step < minNewTokens ? eosTokenIds : []),
    ];
    if (!sampling) return Array.from(await compute(() => this.logits(forbidden).argmax(-1)));
    const logits = await compute(() => this.logits(forbidden));
    const vocab = this.model.config.language.vocab_size;
    return this.pending.map((_, row) =>
      drawToken(filterLogits(logits.subarray(row * vocab, (row + 1) * vocab), sampling), this.generator),
    );
  }

  /** Take the chosen tokens as the next to run. */
  append(ids: readonly number[]): void {
    this.pending = ids.map((id) => [id]);
    for (const row of this.mask) row.push(1);
    if (ids.includes(this.model.config.image_token_id)) this.placed = this.pending;
  }

  /** Run the pending tokens: logits of the last position [b, vocab], -Infinity at forbidden ids. */
  private logits(forbidden: readonly number[]): Tensor {
    const inputIds = idTensor(this.pending, this.backend);
    const attentionMask = this.mask.some((row) => row.includes(0)) ? idTensor(this.mask, this.backend) : undefined;
    const text = { inputIds, attentionMask, positions: this.positions(), cache: this.cache };
    const hidden = this.model.model.lang_encoder.model.call(text, {
      features: this.features,
      ...this.places(),
      cache: this.cache,
    }); // [b, t, d]
    const logits = this.model.model.lang_encoder.lm_head.call(hidden.select(1, -1)); // [b, vocab]
    if (forbidden.length === 0) return logits;
    const barred = new Uint8Array(logits.shape[1]);
    for (const id of forbidden) barred[id] = 1;
    return logits.maskedFill(fromData(barred, [barred.length], "bool", this.backend), Number.NEGATIVE_INFINITY);
  }

  /** Which picture the pending tokens see. */
  private places(): MediaPlaces {
    const known = mediaPlaces(idTensor(this.placed, this.backend), this.model.config.image_token_id);
    return this.placed === this.pending ? known : placesAfter(known, this.pending[0].length);
  }

  /** Each real token counts, padding does not: the running sum of the mask, less one; padding itself gets 1. */
  private positions(): number[][] {
    return this.mask.map((row) => {
      let seen = 0;
      const all = row.map((real) => (real ? seen++ : 1));
      return all.slice(-this.pending[0].length);
    });
  }

  [Symbol.dispose](): void {
    this.cache.dispose();
    this.features.dispose();
  }
}

function checkPrompts({ inputIds, attentionMask }: Prompts): void {
  const width = inputIds[0]?.length ?? 0;
  if (width === 0) throw new InfimmError("generate: expected at least one prompt of at least one token");
  if ([...inputIds, ...attentionMask].some((row) => row.length !== width) || attentionMask.length !== inputIds.length) {
    throw new InfimmError("generate: prompts and masks must have one length; pad them on the left");
  }
}
