import { concat, fromData, slice, type Tensor, where } from "../../../tensor/index.ts";
import type { Asked, PictureRef } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import type { Study } from "./study.ts";

/** Patches of the first picture, counted from 0 row by row. */
export interface HideParams {
  readonly patches: readonly number[];
}

export interface Hidden {
  readonly picture: PictureRef;
  /** Patches a side. */
  readonly grid: number;
  readonly patches: readonly number[];
  readonly answer: string;
  /** The answer with nothing hidden. */
  readonly whole: string;
}

/** What the model says when it does not see some patches of its picture: their place has what is in the corners. */
export const hide: Study<Hidden, HideParams> = {
  async measure(session, asked, { patches }, { signal }) {
    const study = await session.study(asked, { signal });
    const v = study.visionFeatures.shape[2];
    const grid = Math.sqrt(v - 1);
    const whole = study.tokens.map(({ text, special }) => (special ? "" : text)).join("").trim(); // biome-ignore format: one line
    const answer = patches.length === 0 ? whole : await answerWithout(session, asked, { patches, grid }, signal);
    return { picture: asked.pictures[0], grid, patches, answer, whole };
  },
};

function answerWithout(
  session: Session,
  asked: Asked,
  { patches, grid }: { patches: readonly number[]; grid: number },
  signal?: AbortSignal,
): Promise<string> {
  const v = grid * grid + 1;
  const corners = [0, grid - 1, grid * (grid - 1), grid * grid - 1].map((patch) => patch + 1); // CLS is the first
  const hidden = Uint8Array.from({ length: v }, (_, i) => Number(patches.includes(i - 1)));
  const cover = (features: Tensor) => {
    const fill = concat(corners.map((at) => slice(features, 1, at, at + 1)), 1).mean(1, true); // [m, 1, w]
    const first = Uint8Array.from({ length: features.shape[0] * v }, (_, i) => (i < v ? hidden[i] : 0));
    return where(fromData(first, [features.shape[0], v, 1], "bool", features.backend), fill, features); // [m, v, w]
  }; // biome-ignore format: three lines
  return session.answerWith(asked, { "model.vision_encoder": cover }, signal);
}
