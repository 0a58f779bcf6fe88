import { latentCurve, latentImportance } from "../../../model/study/latents.ts";
import { fromData, indexSelect, type Tensor } from "../../../tensor/index.ts";
import type { Asked } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import { rounded, type Study } from "./study.ts";

export interface LatentParams {
  /** How many of the most important latents are kept. */
  readonly keep: number;
}

export interface Latents {
  /** Nats that the whole answer loses without each latent. */
  readonly importance: readonly number[];
  /** The answer's log-probability with the most important 1, 2, … latents only, and with all. */
  readonly curve: readonly number[];
  readonly whole: number;
  readonly keep: number;
  /** What the model says with all of them; with those that are kept, the others taken out; and with the others set to 0. */
  readonly answer: string;
  readonly removed: string;
  readonly zeroed: string;
}

/** As far as the curve goes. */
const SHOWN = 16;

type Worth = Pick<Latents, "importance" | "curve" | "whole">;
let kept: { key: string; worth: Promise<Worth> } | undefined;

/** How many latents an answer needs, and what becomes of it with fewer. */
export const latents: Study<Latents, LatentParams> = {
  async measure(session, asked, { keep }, { signal }) {
    const key = JSON.stringify(asked);
    if (kept?.key !== key) kept = { key, worth: worthOf(session, asked) };
    kept.worth.catch(() => (kept = undefined));
    const worth = await kept.worth;
    signal?.throwIfAborted();
    const best = orderOf(worth.importance).slice(0, keep);
    const only = (y: Tensor) => indexSelect(y, 2, fromData(Int32Array.from(best), [best.length], "i32", y.backend)); // [b, m, k, w]
    const zero = (y: Tensor) => {
      const isKept = Float32Array.from({ length: y.shape[2] }, (_, i) => Number(best.includes(i)));
      return y.mul(fromData(isKept, [y.shape[2], 1], "f32", y.backend)); // [b, m, n, w]
    };
    return {
      ...worth,
      keep: best.length,
      answer: await session.answerWith(asked, {}, signal),
      removed: await session.answerWith(asked, { "model.perceiver": only }, signal),
      zeroed: await session.answerWith(asked, { "model.perceiver": zero }, signal),
    };
  },
};

async function worthOf(session: Session, asked: Asked): Promise<Worth> {
  const study = await session.study(asked);
  const importance = Array.from(await latentImportance(study), rounded);
  const order = orderOf(importance);
  const curve = Array.from(await latentCurve(study, order.slice(0, SHOWN)), rounded);
  const all = await study.logProbs(study.media).data();
  return { importance, curve, whole: rounded(Array.from(all).reduce((sum, x) => sum + x, 0)) };
}

/** Indices, the most important first. */
export function orderOf(importance: readonly number[]): number[] {
  return [...importance.keys()].sort((a, b) => importance[b] - importance[a]);
}
