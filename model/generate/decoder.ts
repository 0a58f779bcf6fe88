import { InfimmError } from "../../core/errors.ts";
import { KVCache } from "../../nn/kvCache.ts";
import { type Backend, fromData, keep, repeat, scope, type Tensor } from "../../tensor/index.ts";
import { type MediaPlaces, mediaPlaces, placesAfter } from "../crossAttention/media.ts";
import { contextLength } from "../config/languageConfig.ts";
import type { InfiMM } from "../infimm.ts";
import { idTensor, type Prompts } from "../inputs.ts";

/**
 * A decoding in progress: the pictures, the cache, and the tokens that have not been run yet. Which tokens follow is
 * not its business. What computes is `model.call`, with what is ready as arguments.
 */
export class Decoder {
  private readonly model: InfiMM;
  private readonly backend: Backend;
  private readonly cache: KVCache | null;
  private readonly features: Tensor;
  /** [b][all tokens so far] */
  private mask: number[][];
  /** The tokens to run next: the prompt, then one a row. */
  private pending: readonly ArrayLike<number>[];
  /** Where the pictures stand among the tokens of the prompt; null: not asked yet, or no longer true. */
  private prompt: MediaPlaces | null = null;

  /**
   * @param copies how many rows each prompt becomes, one after the other; its pictures are encoded once
   * @param useCache false: all tokens run again each time
   */
  constructor(model: InfiMM, prompts: Prompts, { copies = 1, useCache = true } = {}) {
    checkPrompts(prompts, contextLength(model.config.language));
    this.cache = useCache ? new KVCache() : null;
    const rows = <T>(list: readonly T[]) => list.flatMap((row) => new Array<T>(copies).fill(row));
    this.model = model;
    this.backend = model.backend;
    this.mask = rows(prompts.attentionMask).map((row) => Array.from(row));
    this.pending = rows(prompts.inputIds);
    this.features = scope(() => {
      const seen = model.model.encode(fromData(prompts.pixelValues, prompts.pixelShape, "f32", this.backend));
      return copies === 1 ? seen : repeat(seen, "b m n w -> (b copies) m n w", { copies });
    });
  }

  /** How many more tokens the model has positions for; the last one said needs none. */
  get room(): number {
    return contextLength(this.model.config.language) + 1 - this.mask[0].length;
  }

  /** Run the pending tokens: logits of the last position [b, vocab], -Infinity at forbidden ids. */
  logits(forbidden: readonly number[]): Tensor {
    const inputIds = idTensor(this.pending, this.backend); // [b, t]
    const attentionMask = this.mask.some((row) => row.includes(0)) ? idTensor(this.mask, this.backend) : null;
    const text = { inputIds, attentionMask, positions: this.positions(), cache: this.cache };
    const media = { features: this.features, places: this.places(inputIds) };
    const logits = this.model.call({ ...text, ...media, lastOnly: true }).select(1, 0); // [b, vocab]
    if (forbidden.length === 0) return logits;
    const barred = new Uint8Array(logits.shape[1]);
    for (const id of forbidden) barred[id] = 1;
    return logits.maskedFill(fromData(barred, [barred.length], "bool", this.backend), Number.NEGATIVE_INFINITY);
  }

  /** Take the chosen tokens, one a row, as the next to run. */
  append(ids: readonly number[]): void {
    const before = this.pending;
    this.pending = ids.map((id, row) => (this.cache ? [id] : [...Array.from(before[row]), id]));
    for (const row of this.mask) row.push(1);
    if (!this.cache || ids.includes(this.model.config.image_token_id)) this.forgetPlaces();
  }

  /** Go on from the given rows, in this order; a row may be taken twice. All are copies of the same prompt as before. */
  reorder(rows: readonly number[]): void {
    this.cache?.reorder(rows);
    if (!this.cache) this.pending = rows.map((row) => this.pending[row]);
    this.mask = rows.map((row) => [...this.mask[row]]);
  }

  /** Which picture the pending tokens see: told by the `<image>`s among them, or by those of the prompt before. */
  private places(inputIds: Tensor): MediaPlaces {
    if (this.prompt) return placesAfter(this.prompt, this.pending[0].length);
    const { textTime, hasMedia } = mediaPlaces(inputIds, this.model.config.image_token_id);
    this.prompt = { textTime: keep(textTime), hasMedia: keep(hasMedia) };
    return this.prompt;
  }

  private forgetPlaces(): void {
    this.prompt?.textTime.dispose();
    this.prompt?.hasMedia.dispose();
    this.prompt = null;
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
    this.cache?.dispose();
    this.features.dispose();
    this.forgetPlaces();
  }
}

/** The tokens of each prompt without its padding. */
export function realTokens({ inputIds, attentionMask }: Prompts): number[][] {
  return inputIds.map((row, b) => Array.from(row).filter((_, i) => attentionMask[b][i] !== 0));
}

function checkPrompts({ inputIds, attentionMask }: Prompts, positions: number): void {
  const width = inputIds[0]?.length ?? 0;
  if (width > positions) {
    throw new InfimmError(`generate: the prompt has ${width} tokens, but the model knows only ${positions} positions`);
  }
  if (width === 0) throw new InfimmError("generate: expected at least one prompt of at least one token");
  if ([...inputIds, ...attentionMask].some((row) => row.length !== width) || attentionMask.length !== inputIds.length) {
    throw new InfimmError("generate: prompts and masks must have one length; pad them on the left");
  }
}
