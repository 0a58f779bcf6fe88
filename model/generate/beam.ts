import { InfimmError } from "../../core/errors.ts";
import { compute, logSoftmax } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import { Decoder } from "./decoder.ts";
import { eventLoop, rowsOf } from "./generate.ts";
import { completeOptions, forbiddenTokens, type GenerateOptions } from "./options.ts";

export interface BeamOptions extends Omit<GenerateOptions, "sampling" | "seed" | "imageToken"> {
  readonly beams: number;
  /** A text's score is its log-probability over length ** lengthPenalty: above 0 favours long ones. Default 1. */
  readonly lengthPenalty?: number;
}

/** A text that has ended, or could. */
export interface Hypothesis {
  readonly ids: readonly number[];
  /** Σ log p / length ** lengthPenalty */
  readonly score: number;
}

/** A text in the making. */
interface Beam {
  readonly ids: readonly number[];
  readonly logProbability: number;
}

/** The beams of one prompt, and what has ended. */
interface Search {
  live: readonly Beam[];
  finished: Hypothesis[];
  done: boolean;
}

/**
 * Beam search as transformers has it, with early_stopping off: of the 2k best continuations of k texts, those that end
 * are finished if they rank among the first k, and the k best others live on. A prompt is done when it has k finished
 * texts and none that lives could still beat the worst of them at its present length.
 *
 * @returns for each prompt its best texts, best first
 */
export async function beamSearch(model: InfiMM, prompts: Prompts, options: BeamOptions): Promise<Hypothesis[][]> {
  const { beams, lengthPenalty = 1 } = options;
  if (!Number.isInteger(beams) || beams < 1)
    throw new InfimmError(`beamSearch: beams must be a whole number above 0, got ${beams}`);
  const complete = completeOptions(options, model.config);
  const { maxNewTokens, eosTokenIds, signal } = complete;
  const scoreOf = (logProbability: number, length: number) => logProbability / length ** lengthPenalty;
  // at first all beams are the same text: only one may go on
  const start = Array.from(
    { length: beams },
    (_, i): Beam => ({ ids: [], logProbability: i === 0 ? 0 : Number.NEGATIVE_INFINITY }),
  );
  const searches = prompts.inputIds.map((): Search => ({ live: start, finished: [], done: false }));
  using decoder = new Decoder(model, prompts, { copies: beams });

  for (let step = 0; step < maxNewTokens; step++) {
    await eventLoop();
    signal?.throwIfAborted();
    const forbidden = forbiddenTokens(complete, model.config, step);
    const logProbabilities = await compute(() => logSoftmax(decoder.logits([]), -1));
    const rows = rowsOf(logProbabilities as Float32Array, model.config.language.vocab_size);
    for (const row of rows) for (const id of forbidden) row[id] = Number.NEGATIVE_INFINITY; // after the softmax, as transformers
    const kept: { row: number; id: number }[] = [];
    for (const [b, search] of searches.entries()) {
      const candidates = best(rows.slice(b * beams, (b + 1) * beams), search.live, 2 * beams);
      const next: (Beam & { row: number })[] = [];
      for (const [rank, { beam, id, logProbability }] of candidates.entries()) {
        const ids = [...search.live[beam].ids, id];
        if (!eosTokenIds.includes(id)) next.push({ ids, logProbability, row: b * beams + beam });
        else if (rank < beams && !search.done)
          finish(search, { ids, score: scoreOf(logProbability, ids.length) }, beams);
      }
      search.live = next.slice(0, beams);
      kept.push(...next.slice(0, beams).map(({ row, ids }) => ({ row, id: ids[ids.length - 1] })));
      const worst = search.finished[beams - 1]?.score;
      if (worst !== undefined && worst >= scoreOf(candidates[0].logProbability, step + 1)) search.done = true;
    }
    if (searches.every(({ done }) => done)) break;
    decoder.reorder(kept.map(({ row }) => row));
    decoder.append(kept.map(({ id }) => id));
  }
  for (const search of searches) {
    if (search.done) continue;
    for (const { ids, logProbability } of search.live)
      finish(search, { ids, score: scoreOf(logProbability, ids.length) }, beams);
  }
  return searches.map(({ finished }) => finished);
}

/** Keep the `beams` best hypotheses, best first. */
function finish(search: Search, hypothesis: Hypothesis, beams: number): void {
  search.finished = [...search.finished, hypothesis].sort((a, b) => b.score - a.score).slice(0, beams);
}

/** The `count` best continuations of all beams together, best first. */
function best(rows: readonly Float32Array[], live: readonly Beam[], count: number) {
  const top: { beam: number; id: number; logProbability: number }[] = [];
  for (const [beam, row] of rows.entries()) {
    for (let id = 0; id < row.length; id++) {
      const logProbability = live[beam].logProbability + row[id];
      if (top.length === count && logProbability <= top[count - 1].logProbability) continue;
      if (logProbability === Number.NEGATIVE_INFINITY) continue;
      const at = top.findIndex((candidate) => candidate.logProbability < logProbability);
      top.splice(at < 0 ? top.length : at, 0, { beam, id, logProbability });
      top.length = Math.min(top.length, count);
    }
  }
  return top;
}
