import { InfimmError } from "../../core/errors.ts";
import { compute, logSoftmax } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import { Decoder, realTokens } from "./decoder.ts";
import { eventLoop } from "./eventLoop.ts";
import {
  type CompleteOptions,
  completeOptions,
  forbiddenTokens,
  type GenerateOptions,
  processorsOf,
} from "./options.ts";
import { rowsOf } from "./sampling.ts";

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
 * Beam search as transformers has it: of the k best continuations of k texts, those that end are finished, and all of
 * them where there is no more room; the k best that do not end live on. A prompt is done when it has k finished texts and,
 * as `earlyStopping` says, none that lives could still beat the worst of them.
 *
 * @returns for each prompt its best texts, best first
 */
export async function beamSearch(model: InfiMM, prompts: Prompts, options: GenerateOptions): Promise<Hypothesis[][]> {
  const complete = completeOptions(options, model.config);
  const { beams, maxNewTokens, eosTokenIds, stop, signal, useCache } = complete;
  const processors = processorsOf(complete);
  const texts = realTokens(prompts);
  // at first all beams are the same text: only one may go on
  const start = Array.from(
    { length: beams },
    (_, i): Beam => ({ ids: [], logProbability: i === 0 ? 0 : Number.NEGATIVE_INFINITY }),
  );
  const searches = prompts.inputIds.map((): Search => ({ live: start, finished: [], done: false }));
  using decoder = new Decoder(model, prompts, { copies: beams, useCache });

  for (let step = 0; step < maxNewTokens && decoder.room > 0; step++) {
    await eventLoop();
    signal?.throwIfAborted();
    const isLast = step + 1 === maxNewTokens || decoder.room === 1;
    const forbidden = forbiddenTokens(complete, model.config, step);
    const logProbabilities = await compute(() => logSoftmax(decoder.logits([]), -1));
    const rows = rowsOf(logProbabilities as Float32Array, model.config.language.vocab_size);
    const kept: { row: number; id: number }[] = [];
    for (const [b, search] of searches.entries()) {
      const scores = rows.slice(b * beams, (b + 1) * beams);
      for (const [beam, { ids }] of search.live.entries()) {
        // after the softmax, as transformers
        for (const process of processors) process(scores[beam], [...texts[b], ...ids]);
        for (const id of forbidden) scores[beam][id] = Number.NEGATIVE_INFINITY;
      }
      const textOf = ({ beam, id }: Candidate) => [...search.live[beam].ids, id];
      const ends = (candidate: Candidate) => eosTokenIds.includes(candidate.id) || stop(textOf(candidate), b);
      const candidates = best(scores, search.live, beams);
      for (const candidate of search.done ? [] : candidates) {
        if (isLast || ends(candidate)) finish(search, { ...candidate, ids: textOf(candidate) }, complete);
      }
      const next = best(scores, search.live, beams, (candidate) => !ends(candidate));
      search.done ||= next.length === 0 || isDone(search, next[0].logProbability, step + 1, complete);
      const alive = Array.from({ length: beams }, (_, i) => next[i] ?? DEAD);
      search.live = alive.map((candidate) => ({ ...candidate, ids: textOf(candidate) }));
      kept.push(...alive.map(({ beam, id }) => ({ row: b * beams + beam, id })));
    }
    if (isLast || searches.every(({ done }) => done)) break;
    decoder.reorder(kept.map(({ row }) => row));
    decoder.append(kept.map(({ id }) => id));
  }
  if (searches.some(({ finished }) => finished.length < complete.numReturnSequences)) {
    throw new InfimmError(`beamSearch: too few tokens are allowed for ${beams} beams; forbid less, or search fewer`);
  }
  return searches.map(({ finished }) => finished);
}

/** Σ log p / length ** lengthPenalty */
function scoreOf(logProbability: number, length: number, { lengthPenalty }: CompleteOptions): number {
  return logProbability / length ** lengthPenalty;
}

/** Whether no text that lives can still be among the best; `logProbability` is that of the best of them. */
function isDone(search: Search, logProbability: number, length: number, options: CompleteOptions): boolean {
  const worst = search.finished[options.beams - 1]?.score;
  if (worst === undefined) return false;
  if (options.earlyStopping === true) return true;
  // with a penalty above 0 a text scores best when it is longest
  const patient = options.earlyStopping === "never" && options.lengthPenalty > 0;
  return worst >= scoreOf(logProbability, patient ? options.maxNewTokens : length, options);
}

/** Keep the `beams` best hypotheses, best first. */
function finish(search: Search, { ids, logProbability }: Beam, options: CompleteOptions): void {
  const hypothesis = { ids, score: scoreOf(logProbability, ids.length, options) };
  search.finished = [...search.finished, hypothesis].sort((a, b) => b.score - a.score).slice(0, options.beams);
}

/** One more token for a beam. */
interface Candidate {
  readonly beam: number;
  readonly id: number;
  readonly logProbability: number;
}

/** What stands in a beam's place where nothing continues it: it is never among the best. */
const DEAD: Candidate = { beam: 0, id: 0, logProbability: Number.NEGATIVE_INFINITY };

/** The `count` best continuations of all beams together that are `wanted`, best first. */
function best(
  rows: readonly Float32Array[],
  live: readonly Beam[],
  count: number,
  wanted: (candidate: Candidate) => boolean = () => true,
): Candidate[] {
  const top: Candidate[] = [];
  for (const [beam, row] of rows.entries()) {
    for (let id = 0; id < row.length; id++) {
      const logProbability = live[beam].logProbability + row[id];
      if (top.length === count && logProbability <= top[count - 1].logProbability) continue;
      const candidate = { beam, id, logProbability };
      if (logProbability === Number.NEGATIVE_INFINITY || !wanted(candidate)) continue;
      const at = top.findIndex((other) => other.logProbability < logProbability);
      top.splice(at < 0 ? top.length : at, 0, candidate);
      top.length = Math.min(top.length, count);
    }
  }
  return top;
}
