import { looksOfAnswer } from "../../../model/study/answerLooks.ts";
import { dependence } from "../../../model/study/dependence.ts";
import { type About, aboutOf, rounded, type Study } from "./study.ts";

export interface Where extends About {
  /** [token][picture][patch]: shares of the look */
  readonly attends: readonly (readonly (readonly number[])[])[];
  /** [token][picture][patch]: nats that the token loses when the patches there are hidden; null: not known yet */
  readonly depends: Where["attends"] | null;
}

/** Where each word attends, and what it depends on. */
export const where: Study<Where> = {
  async measure(session, asked, _, { signal, tell }) {
    const study = await session.study(asked, { signal });
    const ids = study.tokens.map(({ id }) => id);
    using maps = await looksOfAnswer(session.model, await session.prompts(asked), ids);
    const [, m, a, rows, columns] = maps.shape;
    const data = (await maps.data()) as Float32Array;
    const map = (picture: number, token: number) => {
      const at = (picture * a + token) * rows * columns;
      return Array.from(data.subarray(at, at + rows * columns), rounded);
    };
    const attends = ids.map((_id, token) => Array.from({ length: m }, (_picture, i) => map(i, token)));
    const about = aboutOf(asked, study);
    tell?.({ data: { ...about, attends, depends: null } });
    const depends = await dependence(study, {
      onProgress(done, total) {
        signal?.throwIfAborted();
        tell?.({ share: done / total });
      },
    });
    return { ...about, attends, depends: depends.map((pictures) => pictures.map((one) => Array.from(one, rounded))) };
  },
};
