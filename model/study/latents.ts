import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { concat, fromData, indexSelect, type Tensor } from "../../tensor/index.ts";
import { rowsOf } from "./rowsOf.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** Options of what keeps some of the latents that the resampler makes of a picture. */
export interface KeptLatents {
  /**
   * What becomes of the others: "removed" (default), as if there were none; or "zeroed", where they still take part in
   * the softmax of the cross-attention, with a score of 0 and nothing to say.
   */
  readonly others?: "removed" | "zeroed";
}

/**
 * How probable the answer is when words can look at some latents only, the same ones of each picture.
 *
 * @param latents indices from 0, each once
 * @returns f32 [a], the natural logarithm for each token of the answer
 */
export async function withLatents(
  study: StudiedAnswer,
  latents: readonly number[],
  options: KeptLatents = {},
): Promise<Float32Array> {
  const { others = "removed" } = checked("withLatents", options, ["others"]);
  const [, , n] = study.media.shape;
  const known = latents.every((i) => Number.isInteger(i) && i >= 0 && i < n);
  if (latents.length === 0 || !known || new Set(latents).size < latents.length) {
    throw new InfimmError(`withLatents: expected some of the latents 0 to ${n - 1}, each once, got ${latents}`);
  }
  const [row] = await rowsOf(study, () => {
    const { media } = study;
    if (others === "removed") return only(media, latents);
    const isKept = Float32Array.from({ length: n }, (_, i) => Number(latents.includes(i)));
    return media.mul(fromData(isKept, [n, 1], "f32", media.backend)); // [1, m, n, w]
  });
  return row;
}

/** What the whole answer loses, in nats, when a latent is taken out: one number for each latent. */
export async function latentImportance(study: StudiedAnswer, options: { batch?: number } = {}): Promise<Float32Array> {
  const { batch = 4 } = checked("latentImportance", options, ["batch"]);
  const [, , n] = study.media.shape;
  const [plain] = await rowsOf(study, () => study.media);
  const losses = new Float32Array(n);
  for (let first = 0; first < n; first += batch) {
    const some = Array.from({ length: Math.min(batch, n - first) }, (_, i) => first + i);
    const rows = await rowsOf(
      study,
      () =>
        concat(
          some.map((out) =>
            only(
              study.media,
              places(n).filter((i) => i !== out),
            ),
          ),
        ), // [b, m, n-1, w]
    );
    for (const [row, out] of some.entries()) losses[out] = total(plain) - total(rows[row]);
  }
  return losses;
}

/** The log-probability of the whole answer with 1, 2, … n latents, taken in this order: f32 [n]. */
export async function latentCurve(study: StudiedAnswer, order: readonly number[]): Promise<Float32Array> {
  const curve = new Float32Array(order.length);
  for (let count = 1; count <= order.length; count++) {
    curve[count - 1] = total(await withLatents(study, order.slice(0, count)));
  }
  return curve;
}

function only(media: Tensor, latents: readonly number[]): Tensor {
  return indexSelect(media, 2, fromData(Int32Array.from(latents), [latents.length], "i32", media.backend));
}

const places = (n: number) => Array.from({ length: n }, (_, i) => i);
const total = (logProbs: Float32Array) => logProbs.reduce((sum, x) => sum + x, 0);
