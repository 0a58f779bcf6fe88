import { causalTracing } from "../../../model/study/tracing.ts";
import type { Asked, PictureRef } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import { rounded, type Study } from "./study.ts";

export interface Entering {
  /** The picture in whose place another one was put, and that one. */
  readonly picture: PictureRef;
  readonly other: PictureRef;
  /** The first word in which their answers differ, with each. */
  readonly said: string;
  readonly otherSaid: string;
  /** The text before that word, its last tokens. */
  readonly tokens: readonly string[];
  readonly rows: readonly { readonly path: string; readonly restored: readonly number[] }[];
}

/** How many tokens are shown. */
const LAST = 8;

/** Where a picture enters the words: which output at which token brings the word back that another picture took away. */
export const enter: Study<Entering> = {
  async measure(session, asked, _, { signal }) {
    const { other, token } = await otherPicture(session, asked, signal);
    const others = await session.study({ ...asked, pictures: [other] }, { signal });
    const study = await session.study(asked, { signal });
    const { processor } = session.assistant;
    const { said, other: otherSaid, modules } = await causalTracing(study, others, { token });
    return {
      picture: asked.pictures[0],
      other,
      said: processor.pieces([said])[0].trim(),
      otherSaid: processor.pieces([otherSaid])[0].trim(),
      tokens: processor.pieces(study.ids.slice(0, study.start + token)).slice(-LAST),
      rows: modules.map(({ path, restored }) => ({ path, restored: Array.from(restored.slice(-LAST), rounded) })),
    };
  },
};

/** A picture that comes along, to which the answer is another, and the first token in which it differs. */
async function otherPicture(
  session: Session,
  asked: Asked,
  signal?: AbortSignal,
): Promise<{ other: PictureRef; token: number }> {
  for (const other of session.pictures) {
    if (asked.pictures.includes(other)) continue;
    const others = (await session.study({ ...asked, pictures: [other] }, { signal })).tokens;
    const token = (await session.study(asked, { signal })).tokens.findIndex(({ id }, i) => id !== others[i]?.id);
    if (token >= 0 && token < others.length) return { other, token };
  }
  throw new Error("All pictures that come along get the same answer to this question: ask something else.");
}
