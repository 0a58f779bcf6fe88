import type { Asked } from "../worker/protocol.ts";
import type { Turn } from "../worker/queue.ts";
import type { Session } from "../worker/session.ts";

/** What a figure shows, found by running the model: in the page's worker, and at build. */
export interface Study<Data, Params = unknown> {
  measure(session: Session, asked: Asked, params: Params, turn: Partial<Turn>): Promise<Data>;
}

/** Numbers as figures store them: what is behind the fourth digit depends on the machine. */
export function rounded(x: number): number {
  return Number(x.toPrecision(4));
}
