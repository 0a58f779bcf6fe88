import type { Schedule } from "../../../nn/optim/schedules.ts";
import type { TaskName } from "../world/questions.ts";
import type { WorldSource } from "../world/documents.ts";

/** The stages in their order: tower, language model, and the card's three. */
export const TINY_STAGES = ["tower", "language", "pt", "mtt", "ift"] as const;
export type TinyStage = (typeof TINY_STAGES)[number];

/** `grounded`: a picture and what is where in it, as the tower is taught. */
export type TinySource = WorldSource | "grounded";

export interface StageRecipe {
  readonly updates: number;
  /** Rows or documents an update. */
  readonly batch: number;
  readonly lr: number;
  /** Over the last part of the updates the rate falls in a line to a tenth. The card's stays constant: a toy's deviation. */
  readonly falls?: number;
  readonly betas?: readonly [number, number];
  /** Matrices of hidden layers learn by Muon, at so many times the rate; the rest, or all if left out, by AdamW. */
  readonly muon?: number;
  /** What each document of a batch is drawn from, by share. */
  readonly sources?: Partial<Record<TinySource, number>>;
}

/**
 * What infimm-tiny is trained by. From `pt` on, tower and language model are frozen and the gates begin at 0, as the card
 * has it; the gates' rate is ten times the others', because so short a run would not open them.
 */
export const TINY_RECIPE: Readonly<Record<TinyStage, StageRecipe>> = {
  tower: { updates: 2500, batch: 16, lr: 1.5e-3, falls: 0.2, betas: [0.9, 0.98], muon: 2 },
  language: { updates: 1400, batch: 64, lr: 2e-3, falls: 0.2, betas: [0.9, 0.98], muon: 2 },
  pt: { updates: 1600, batch: 12, lr: 1.5e-3, falls: 0.2, muon: 2, sources: { grounded: 3, pairs: 1, interleaved: 1 } },
  mtt: {
    updates: 1500,
    batch: 12,
    lr: 1.5e-3,
    falls: 0.2,
    muon: 2,
    sources: { grounded: 20, captions: 10, questions: 50, twoPictures: 20 },
  },
  ift: { updates: 300, batch: 12, lr: 3e-4, muon: 2, sources: { conversations: 1 } },
};

export const WARM_UP = 100;
export const GATE_LR_SCALE = 10;

/** What the language model must answer rightly about written scenes before anything is connected to it. */
export const KNOWN_BEFORE_PT: Partial<Record<TaskName, number>> = { colour: 0.95, where: 0.95 };

/** From a first small step in a line to the recipe's rate, and down at the end. */
export function scheduleOf({ lr, updates, falls = 0 }: StageRecipe): Schedule {
  return (step) => {
    const left = falls === 0 ? 1 : Math.min(1, Math.max(0, updates - step) / (falls * updates));
    return lr * Math.min(1, (step + 1) / WARM_UP) * (0.1 + 0.9 * left);
  };
}
