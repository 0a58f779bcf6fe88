import type { InfiMM } from "../../../model/infimm.ts";
import { replaced } from "../../../nn/replaced.ts";
import { fromData, type Tensor } from "../../../tensor/index.ts";
import type { Study } from "./study.ts";

/** How far each gate is open: tanh of its value, by path. */
export type Openings = Readonly<Record<string, number>>;

export interface GateParams {
  /** null: as they were trained */
  readonly open: Openings | null;
}

export interface Gates {
  readonly trained: Openings;
  /** What this answer was made with. */
  readonly open: Openings;
  readonly answer: string;
  readonly trainedAnswer: string;
  /** What the model says with all of them shut. */
  readonly shutAnswer: string;
}

/** tanh is never quite 1. */
const MOST = 0.9999;

/** What the model says with its gates set by hand. */
export const gates: Study<Gates, GateParams> = {
  async measure(session, asked, { open }, { signal }) {
    const { model } = session;
    const trained = await openingsOf(model);
    const prompts = await session.prompts(asked);
    const answerWith = async (openings: Openings) => {
      using _ = withGates(model, openings);
      return await session.say(prompts, signal);
    };
    const trainedAnswer = await session.say(prompts, signal);
    return {
      trained,
      open: open ?? trained,
      trainedAnswer,
      answer: open ? await answerWith(open) : trainedAnswer,
      shutAnswer: await answerWith(shut(trained)),
    };
  },
};

/** The gates of a model by path. */
export function gatesOf(model: InfiMM): Map<string, Tensor> {
  return new Map([...model.parameters()].filter(([path]) => path.endsWith("_gate")));
}

/** How far the gates are open: the mean of tanh, where a gate has a number for each channel. */
export async function openingsOf(model: InfiMM): Promise<Record<string, number>> {
  const openings: Record<string, number> = {};
  for (const [path, gate] of gatesOf(model)) {
    const values = (await gate.data()) as Float32Array;
    const mean = values.reduce((sum, x) => sum + Math.tanh(x), 0) / values.length;
    openings[path] = Number(mean.toFixed(4));
  }
  return openings;
}

/** All of them at 0, where every block is the identity. */
export function shut(openings: Openings): Openings {
  return Object.fromEntries(Object.keys(openings).map((path) => [path, 0]));
}

/** Gates that are open so far, until the end of the block: `using _ = withGates(model, openings)`. */
export function withGates(model: InfiMM, openings: Openings): Disposable {
  const made: Record<string, Tensor> = {};
  for (const [path, gate] of gatesOf(model)) {
    const value = Math.atanh(Math.min(MOST, Math.max(-MOST, openings[path] ?? 0)));
    made[path] = fromData(new Float32Array(gate.size).fill(value), gate.shape, "f32", gate.backend);
  }
  const lent = replaced(model, made);
  return {
    [Symbol.dispose]() {
      lent[Symbol.dispose]();
      for (const gate of Object.values(made)) gate.dispose();
    },
  };
}
