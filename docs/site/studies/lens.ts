import { lens as logitLens, type RungToken } from "../../../model/study/lens.ts";
import { type About, aboutOf, rounded, type Study } from "./study.ts";

/** The likeliest words at a rung, with their probabilities; how likely the token itself is; and how long the vector is. */
export interface Reading {
  readonly top: readonly (readonly [text: string, probability: number])[];
  readonly probability: number;
  readonly norm: number;
}

export interface Ladder extends About {
  /** From the embedding to the last layer; of each, a reading for each token of the answer. */
  readonly rungs: readonly {
    readonly path: string;
    readonly seeing: readonly Reading[];
    readonly blind: readonly Reading[];
  }[];
}

const TOP = 4;

/** What the model would say behind each layer, with its pictures and without. */
export const lens: Study<Ladder> = {
  async measure(session, asked, _, turn) {
    const study = await session.study(asked, turn);
    const seeing = await logitLens(study, { top: TOP });
    const blind = await logitLens(study, { top: TOP, pictures: false });
    const rungs = seeing.map(({ path, tokens }, i) => ({
      path,
      seeing: tokens.map(readingOf),
      blind: blind[i].tokens.map(readingOf),
    }));
    return { ...aboutOf(asked, study), rungs };
  },
};

function readingOf({ top, probability, norm }: RungToken): Reading {
  return {
    top: top.map((one) => [one.text.trim(), rounded(one.probability)]),
    probability: rounded(probability),
    norm: rounded(norm),
  };
}
