import { InfimmError } from "../../core/errors.ts";
import { type Generator, sampleIndex } from "../../core/random.ts";

/** How the next token is drawn. The order of the filters is transformers': temperature, top k, top p. */
export interface Sampling {
  /** Logits are divided by this; below 1 the likely becomes likelier, and 0 always takes the likeliest. Default 1. */
  readonly temperature?: number;
  /** Only the k likeliest tokens; 0: all. Default 0. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability, at least one. Default 1: all. */
  readonly topP?: number;
}

/**
 * Logits after the filters: what was dropped is -Infinity.
 *
 * @param logits of one position, [vocab]
 * @returns doubles, [vocab]
 */
export function filterLogits(
  logits: ArrayLike<number>,
  { temperature = 1, topK = 0, topP = 1 }: Sampling,
): Float64Array {
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) best = Math.max(best, logits[i]);
  // as a temperature goes to 0, draws go to the likeliest: they must not end where numbers do
  const shift = Number.isFinite(best) && !Number.isFinite(best / temperature) ? best : 0;
  const scores = Float64Array.from(logits, (x) => (x - shift) / temperature);
  if (topK > 0 && topK < scores.length) {
    const smallestKept = Float64Array.from(scores).sort()[scores.length - topK];
    for (let i = 0; i < scores.length; i++) if (scores[i] < smallestKept) scores[i] = Number.NEGATIVE_INFINITY;
  }
  if (topP < 1) dropUnlikelyTail(scores, topP);
  return scores;
}

/** From the least likely upwards, drop tokens while all dropped ones together have a probability of at most 1 - topP. */
function dropUnlikelyTail(scores: Float64Array, topP: number): void {
  const probabilities = softmax(scores);
  const ascending = Array.from(scores.keys()).sort((i, j) => scores[i] - scores[j] || i - j);
  let dropped = 0;
  for (const id of ascending.slice(0, -1)) {
    dropped += probabilities[id];
    if (dropped > 1 - topP) return;
    scores[id] = Number.NEGATIVE_INFINITY;
  }
}

/** Draw one token in proportion to its probability. */
export function drawToken(scores: Float64Array, generator: Generator): number {
  requireChoice(scores[likeliest(scores)]);
  return sampleIndex(softmax(scores), generator);
}

/** The token with the highest score, the first of equals. */
export function likeliest(scores: Float32Array | Float64Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (!(scores[id] <= scores[best])) best = id;
  requireChoice(scores[best]);
  return best;
}

function requireChoice(best: number): void {
  if (best === Number.NEGATIVE_INFINITY) {
    throw new InfimmError("generate: all tokens are forbidden; a penalty or a logits processor leaves no choice");
  }
  if (Number.isNaN(best)) {
    throw new InfimmError("generate: the scores are not numbers (NaN): check the weights and the logits processors");
  }
}

/** Stretches of `width` elements. */
export function rowsOf(values: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));
}

function softmax(scores: Float64Array): Float64Array {
  let max = Number.NEGATIVE_INFINITY;
  for (const s of scores) max = Math.max(max, s);
  const exps = scores.map((s) => Math.exp(s - max));
  let sum = 0;
  for (const e of exps) sum += e;
  return exps.map((e) => e / sum);
}
