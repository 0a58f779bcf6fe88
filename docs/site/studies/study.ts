import type { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import type { Asked, PictureRef } from "../worker/protocol.ts";
import type { Turn } from "../worker/queue.ts";
import type { Session } from "../worker/session.ts";

/** What a figure shows, found by running the model: in the page's worker, and at build. */
export interface Study<Data, Params = undefined> {
  measure(session: Session, asked: Asked, params: Params, turn: Partial<Turn>): Promise<Data>;
}

/** A token of the answer that a figure is about. */
export interface Said {
  readonly text: string;
  readonly special: boolean;
}

/** What a figure is about. It says so itself: the run above may already be another. */
export interface About {
  readonly pictures: readonly PictureRef[];
  readonly tokens: readonly Said[];
}

export function aboutOf({ pictures }: Asked, { tokens }: StudiedAnswer): About {
  return { pictures, tokens: tokens.map(({ text, special }) => ({ text, special })) };
}

/** Numbers as figures store them: what is behind the fourth digit depends on the machine. */
export function rounded(x: number): number {
  return Number(x.toPrecision(4));
}
