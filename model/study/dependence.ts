import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { concat, fromData, slice, type Tensor, where } from "../../tensor/index.ts";
import { eventLoop } from "../generate/eventLoop.ts";
import { rowsOf } from "./rowsOf.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** Options of dependence. */
export interface DependenceOptions {
  /** Side of the square of patches that is hidden at a time, an odd number. Default 3. */
  readonly window?: number;
  /** What stands in the place of a hidden patch: the mean of the picture's four corners (default), of all patches, or zeros. */
  readonly fill?: Fill;
  /** How many hidden squares are run at a time. Default 4. */
  readonly batch?: number;
  /** Called after every batch, with how many squares of how many have been hidden. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Nats that a map of dependence is drawn against at least: a token that no square matters to stays dark. */
export const LEAST_DEPENDENCE = 1;

/** What stands in the place of a hidden patch. */
export type Fill = "corners" | "mean" | "zeros";

/**
 * How much each token of the answer depends on each place of each picture: a square of what the tower saw is hidden, and
 * the log-probability of the token falls (occlusion, Zeiler and Fergus, 2014, on features in the place of pixels). A
 * cause, where attention is only a look.
 *
 * @returns [a][m], each a grid of patches row by row: nats that the token loses when the square round this patch is
 *   hidden; below 0 where it gains
 */
export async function dependence(study: StudiedAnswer, options: DependenceOptions = {}): Promise<Float32Array[][]> {
  checked("dependence", options, ["window", "fill", "batch", "onProgress"]);
  const { window = 3, fill = "corners", batch = 4, onProgress } = options;
  if (!Number.isInteger(window) || window < 1 || window % 2 === 0) {
    throw new InfimmError(`dependence: window must be an odd number of patches, got ${window}`);
  }
  if (!Number.isInteger(batch) || batch < 1) throw new InfimmError(`dependence: batch must be 1 or more, got ${batch}`);
  const [, m, v] = study.visionFeatures.shape;
  const grid = gridOf(v);
  const squares = m * grid * grid;
  const a = study.tokens.length;
  const falls = study.tokens.map(() => Array.from({ length: m }, () => new Float32Array(grid * grid)));
  const [plain] = await rowsOf(study, () => study.media);
  for (let first = 0; first < squares; first += batch) {
    const some = Array.from({ length: Math.min(batch, squares - first) }, (_, i) => first + i);
    const rows = await rowsOf(study, () => {
      const hidden = hiddenPlaces(some, { m, grid, window }, study.visionFeatures); // [b, m, v, 1]
      return study.resample(where(hidden, fillOf(study.visionFeatures, fill, grid), study.visionFeatures)); // [b, m, n, w]
    });
    for (const [row, square] of some.entries()) {
      const [picture, patch] = [Math.floor(square / (grid * grid)), square % (grid * grid)];
      for (let i = 0; i < a; i++) falls[i][picture][patch] = plain[i] - rows[row][i];
    }
    onProgress?.(first + some.length, squares);
    await eventLoop(); // whoever waits outside sees the progress
  }
  return falls;
}

/** Side of the square of patches among v tokens, of which the first is CLS. */
function gridOf(v: number): number {
  const grid = Math.sqrt(v - 1);
  if (!Number.isInteger(grid))
    throw new InfimmError(`dependence: expected CLS and a square of patches, got ${v} tokens`);
  return grid;
}

/** Which tokens are hidden in each of b variants: those of a square round one patch of one picture. bool [b, m, v, 1] */
function hiddenPlaces(
  squares: readonly number[],
  { m, grid, window }: { m: number; grid: number; window: number },
  { backend }: Tensor,
): Tensor {
  const v = 1 + grid * grid;
  const hidden = new Uint8Array(squares.length * m * v);
  const reach = (window - 1) / 2;
  for (const [row, square] of squares.entries()) {
    const [picture, patch] = [Math.floor(square / (grid * grid)), square % (grid * grid)];
    const [y, x] = [Math.floor(patch / grid), patch % grid];
    for (let i = Math.max(0, y - reach); i <= Math.min(grid - 1, y + reach); i++) {
      const from = (row * m + picture) * v + 1 + i * grid;
      hidden.fill(1, from + Math.max(0, x - reach), from + Math.min(grid - 1, x + reach) + 1);
    }
  }
  return fromData(hidden, [squares.length, m, v, 1], "bool", backend);
}

/** [1, m, 1, w] */
function fillOf(features: Tensor, fill: Fill, grid: number): Tensor {
  const patches = slice(features, 2, 1); // [1, m, p, w]
  if (fill === "mean") return patches.mean(2, true);
  if (fill === "zeros") return slice(features.zerosLike(), 2, 0, 1);
  if (fill !== "corners") throw new InfimmError(`dependence: fill must be "corners", "mean" or "zeros", got ${fill}`);
  const corners = [0, grid - 1, grid * (grid - 1), grid * grid - 1].map((i) => slice(patches, 2, i, i + 1));
  return concat(corners, 2).mean(2, true);
}
